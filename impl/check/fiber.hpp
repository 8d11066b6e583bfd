#pragma once
// A stack of its own for plain blocking code, so that it can be suspended in the middle of a call
// (Boost.Context: a switch costs nanoseconds). The address sanitizer is told of each switch. One
// thread.

#include <cstddef>
#include <utility>
#include <vector>

#include <boost/context/fiber.hpp>
#include <boost/context/protected_fixedsize_stack.hpp>

#if defined(__SANITIZE_ADDRESS__)
#define CASEMENT_ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CASEMENT_ADDRESS_SANITIZER 1
#endif
#endif
#ifdef CASEMENT_ADDRESS_SANITIZER
#include <sanitizer/common_interface_defs.h>
#endif

namespace casement::check::detail {

/// Stacks are used again: making one costs two system calls.
class stack_lease {
public:
    static constexpr std::size_t bytes = 256 * 1024;

    stack_lease() {
        if (free().empty()) {
            stack_ = boost::context::protected_fixedsize_stack{bytes}.allocate();
        } else {
            stack_ = free().back();
            free().pop_back();
        }
    }
    stack_lease(const stack_lease&) = delete;
    stack_lease& operator=(const stack_lease&) = delete;
    ~stack_lease() { free().push_back(stack_); }

    [[nodiscard]] const boost::context::stack_context& get() const { return stack_; }

private:
    struct kept : std::vector<boost::context::stack_context> {
        ~kept() {
            for (auto& s : *this) boost::context::protected_fixedsize_stack{bytes}.deallocate(s);
        }
    };
    static kept& free() {
        static thread_local kept stacks;
        return stacks;
    }
    boost::context::stack_context stack_;
};

/// Runs `body` when it is resumed, until it suspends or returns. One that is destroyed while it is
/// suspended is unwound: its destructors run; a `catch (...)` on it must let that pass.
class fiber {
public:
    template <class F>
    explicit fiber(F body)
        : stack_{},
          other_{std::allocator_arg,
                 boost::context::preallocated{stack_.get().sp, stack_.get().size, stack_.get()},
                 borrowed{}, [this, body = std::move(body)](boost::context::fiber&& from) mutable {
                     arrive();
                     other_ = std::move(from);
                     try {
                         body();
                     } catch (const boost::context::detail::forced_unwind&) {
                         leave(true);
                         throw;
                     }
                     leave(true);
                     return std::move(other_);
                 }} {}
    fiber(const fiber&) = delete;
    fiber& operator=(const fiber&) = delete;
    ~fiber() {
        if (suspended()) enter([&] { other_ = boost::context::fiber{}; });
    }

    /// From outside. REQUIRES: suspended()
    void resume() {
        enter([&] { other_ = std::move(other_).resume(); });
    }
    /// From inside.
    void suspend() {
        leave(false);
        try {
            other_ = std::move(other_).resume();
        } catch (const boost::context::detail::forced_unwind&) {
            arrive();
            throw;
        }
        arrive();
    }
    /// It has not returned yet.
    [[nodiscard]] bool suspended() const { return static_cast<bool>(other_); }

private:
    struct borrowed {  // the lease gives the stack back
        boost::context::stack_context allocate() { return {}; }
        void deallocate(boost::context::stack_context&) {}
    };

#ifdef CASEMENT_ADDRESS_SANITIZER
    template <class F>
    void enter(F f) {
        void* fake = nullptr;
        const auto& s = stack_.get();
        __sanitizer_start_switch_fiber(&fake, static_cast<const char*>(s.sp) - s.size, s.size);
        f();
        __sanitizer_finish_switch_fiber(fake, nullptr, nullptr);
    }
    void arrive() { __sanitizer_finish_switch_fiber(fake_, &outside_, &outside_bytes_); }
    void leave(bool for_good) {
        __sanitizer_start_switch_fiber(for_good ? nullptr : &fake_, outside_, outside_bytes_);
    }
    void* fake_ = nullptr;
    const void* outside_ = nullptr;
    std::size_t outside_bytes_ = 0;
#else
    template <class F>
    void enter(F f) {
        f();
    }
    void arrive() {}
    void leave(bool) {}
#endif

    stack_lease stack_;
    boost::context::fiber other_;
};

}  // namespace casement::check::detail
