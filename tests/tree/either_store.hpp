#pragma once
// One of two stores behind one type, so that what is tested on both is compiled once. Any thread
// that the store behind takes.

#include <string_view>
#include <utility>
#include <variant>

#include <casement/kv/store.hpp>

namespace casement::testing {

template <ordered_cursor A, ordered_cursor B>
class either_cursor {
public:
    template <class C>
    explicit either_cursor(C of) : of_{std::move(of)} {}
    [[nodiscard]] bool valid() const {
        return ask([](auto& c) { return c.valid(); });
    }
    [[nodiscard]] std::string_view key() const {
        return ask([](auto& c) { return c.key(); });
    }
    [[nodiscard]] std::string_view value() const {
        return ask([](auto& c) { return c.value(); });
    }
    [[nodiscard]] result<void> status() const {
        return ask([](auto& c) { return c.status(); });
    }
    void next() {
        std::visit([](auto& c) { c.next(); }, of_);
    }

private:
    template <class F>
    auto ask(F f) const {
        return std::visit(f, of_);
    }
    std::variant<A, B> of_;
};

template <readable A, readable B>
class either_view {
    template <class R>
    using cursor_of = decltype(std::declval<const R&>().scan("", ""));

public:
    template <class R>
    explicit either_view(R of) : of_{std::move(of)} {}
    [[nodiscard]] result<found> get(std::string_view key) const {
        return std::visit([&](auto& r) { return r.get(key); }, of_);
    }
    [[nodiscard]] auto scan(std::string_view first, std::string_view last) const {
        using either = either_cursor<cursor_of<A>, cursor_of<B>>;
        return std::visit([&](auto& r) { return either{r.scan(first, last)}; }, of_);
    }

private:
    std::variant<A, B> of_;
};

/// REQUIRES: outlived by the store behind it.
template <store A, store B>
class either_store {
    template <class S>
    using cursor_of = decltype(std::declval<const S&>().scan("", ""));
    template <class S>
    using view_of = decltype(std::declval<const S&>().snapshot());

public:
    explicit either_store(A& of) : of_{&of} {}
    explicit either_store(B& of) : of_{&of} {}

    [[nodiscard]] result<found> get(std::string_view key) const {
        return std::visit([&](auto* s) { return s->get(key); }, of_);
    }
    [[nodiscard]] auto scan(std::string_view first, std::string_view last) const {
        using either = either_cursor<cursor_of<A>, cursor_of<B>>;
        return std::visit([&](auto* s) { return either{s->scan(first, last)}; }, of_);
    }
    [[nodiscard]] auto snapshot() const {
        using either = either_view<view_of<A>, view_of<B>>;
        return std::visit([](auto* s) { return either{std::as_const(*s).snapshot()}; }, of_);
    }
    [[nodiscard]] bool unchanged(std::string_view key, version at) const {
        return std::visit([&](auto* s) { return s->unchanged(key, at); }, of_);
    }
    [[nodiscard]] result<receipt> commit(const batch& b) {
        return std::visit([&](auto* s) { return s->commit(b); }, of_);
    }

private:
    std::variant<A*, B*> of_;
};

}  // namespace casement::testing
