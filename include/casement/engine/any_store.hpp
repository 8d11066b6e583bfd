#pragma once
// A store whose engine is chosen when it is opened: what an application takes that runs on one
// machine today and on a cluster tomorrow. It is what the engine in it is, for any thread that may
// call that one, at the cost of a virtual call.

#include <concepts>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <casement/core/error.hpp>
#include <casement/kv/store.hpp>

namespace casement::engine {

class any_store {
    struct cursor_base {
        virtual ~cursor_base() = default;
        [[nodiscard]] virtual bool valid() const = 0;
        [[nodiscard]] virtual std::string_view key() const = 0;
        [[nodiscard]] virtual std::string_view value() const = 0;
        virtual void next() = 0;
        [[nodiscard]] virtual result<void> status() const = 0;
    };
    struct view_base;

public:
    class cursor {
    public:
        [[nodiscard]] bool valid() const { return valid_; }
        [[nodiscard]] std::string_view key() const { return key_; }
        [[nodiscard]] std::string_view value() const { return value_; }
        void next() {
            rows_->next();
            look();
        }
        [[nodiscard]] result<void> status() const { return rows_->status(); }

    private:
        friend any_store;
        explicit cursor(std::unique_ptr<cursor_base> rows) : rows_{std::move(rows)} { look(); }
        void look() {
            valid_ = rows_->valid();
            key_ = valid_ ? rows_->key() : std::string_view{};
            value_ = valid_ ? rows_->value() : std::string_view{};
        }
        std::unique_ptr<cursor_base> rows_;
        std::string_view key_, value_;
        bool valid_ = false;
    };

    /// One instant, for as long as it lives. REQUIRES: it dies before the store.
    class view {
    public:
        [[nodiscard]] result<found> get(std::string_view key) const { return of_->get(key); }
        [[nodiscard]] cursor scan(std::string_view first, std::string_view last) const {
            return of_->scan(first, last);
        }
        [[nodiscard]] bool is_far() const { return of_->is_far(); }
        /// The same instant, with those rows in hand where reads are journeys.
        [[nodiscard]] view together(std::span<const std::string_view> keys) const {
            auto near = of_->together(keys);
            return near ? view{std::move(near)} : *this;
        }

    private:
        friend any_store;
        explicit view(std::shared_ptr<const view_base> of) : of_{std::move(of)} {}
        std::shared_ptr<const view_base> of_;
    };

    template <store S>
        requires(!std::same_as<S, any_store>)
    explicit any_store(S s) : of_{std::make_unique<store_as<S>>(std::move(s))} {}

    [[nodiscard]] result<found> get(std::string_view key) const { return of_->get(key); }
    [[nodiscard]] cursor scan(std::string_view first, std::string_view last) const {
        return of_->scan(first, last);
    }
    [[nodiscard]] view snapshot() const { return view{of_->snapshot({})}; }
    /// Whether the engine in it is on another machine.
    [[nodiscard]] bool is_far() const { return of_->is_far(); }
    /// A snapshot that has those rows in hand, where reads are journeys.
    [[nodiscard]] view together(std::span<const std::string_view> keys) const {
        return view{of_->snapshot(keys)};
    }
    [[nodiscard]] bool unchanged(std::string_view key, version at) const {
        return of_->unchanged(key, at);
    }
    [[nodiscard]] result<receipt> commit(const batch& b) { return of_->commit(b); }

    /// The engine in it, for what only that one has; null if it is another.
    template <store S>
    [[nodiscard]] const S* as() const {
        const auto* it = dynamic_cast<const store_as<S>*>(of_.get());
        return it == nullptr ? nullptr : &it->kv();
    }

    /// Makes all commits that have returned survive the loss of power, where they do not anyway.
    [[nodiscard]] result<void> sync() { return of_->sync(); }
    /// The store is not to be used afterwards.
    [[nodiscard]] result<void> close() { return of_->close(); }
    /// The engine's own report of itself, for people; "" where it has none.
    [[nodiscard]] std::string report() const { return of_->report(); }

private:
    struct source_base {
        virtual ~source_base() = default;
        [[nodiscard]] virtual result<found> get(std::string_view key) const = 0;
        [[nodiscard]] virtual cursor scan(std::string_view first, std::string_view last) const = 0;
        [[nodiscard]] virtual bool is_far() const = 0;
    };
    struct view_base : source_base {
        /// None where it makes no difference.
        [[nodiscard]] virtual std::shared_ptr<const view_base> together(
            std::span<const std::string_view> keys) const = 0;
    };
    struct store_base : source_base {
        [[nodiscard]] virtual std::shared_ptr<const view_base> snapshot(
            std::span<const std::string_view> with) const = 0;
        [[nodiscard]] virtual bool unchanged(std::string_view key, version at) const = 0;
        [[nodiscard]] virtual result<receipt> commit(const batch& b) = 0;
        [[nodiscard]] virtual result<void> sync() = 0;
        [[nodiscard]] virtual result<void> close() = 0;
        [[nodiscard]] virtual std::string report() const = 0;
    };

    template <ordered_cursor C>
    struct cursor_as final : cursor_base {
        explicit cursor_as(C of) : rows{std::move(of)} {}
        [[nodiscard]] bool valid() const override { return rows.valid(); }
        [[nodiscard]] std::string_view key() const override { return rows.key(); }
        [[nodiscard]] std::string_view value() const override { return rows.value(); }
        void next() override { rows.next(); }
        [[nodiscard]] result<void> status() const override { return rows.status(); }
        C rows;
    };

    /// What a store and its views have in common.
    template <class Base, readable R>
    struct source_as : Base {
        explicit source_as(R of) : source{std::move(of)} {}
        [[nodiscard]] result<found> get(std::string_view key) const override {
            return source.get(key);
        }
        [[nodiscard]] cursor scan(std::string_view first, std::string_view last) const override {
            auto rows = source.scan(first, last);
            return cursor{std::make_unique<cursor_as<decltype(rows)>>(std::move(rows))};
        }
        [[nodiscard]] bool is_far() const override { return casement::is_far(source); }
        R source;
    };

    template <readable R>
    struct view_as final : source_as<view_base, R> {
        using source_as<view_base, R>::source_as;
        [[nodiscard]] std::shared_ptr<const view_base> together(
            std::span<const std::string_view> keys) const override {
            if constexpr (far<R>)
                return shared(this->source.together(keys));
            else
                return nullptr;
        }
    };
    template <readable R>
    static std::shared_ptr<const view_base> shared(R at) {
        return std::make_shared<view_as<R>>(std::move(at));
    }

    template <store S>
    struct store_as final : source_as<store_base, S> {
        using source_as<store_base, S>::source_as;
        [[nodiscard]] std::shared_ptr<const view_base> snapshot(
            std::span<const std::string_view> with) const override {
            if constexpr (far<S>)
                if (!with.empty()) return shared(kv().together(with));
            return shared(kv().snapshot());
        }
        [[nodiscard]] bool unchanged(std::string_view key, version at) const override {
            return kv().unchanged(key, at);
        }
        [[nodiscard]] result<receipt> commit(const batch& b) override {
            return this->source.commit(b);
        }
        [[nodiscard]] result<void> sync() override {
            if constexpr (requires(S & s) { s.sync(); }) return this->source.sync();
            return {};
        }
        [[nodiscard]] result<void> close() override {
            if constexpr (requires(S & s) { s.close(); }) return this->source.close();
            return {};
        }
        [[nodiscard]] std::string report() const override {
            if constexpr (requires(const S& s) { s.report(); }) return kv().report();
            return {};
        }
        [[nodiscard]] const S& kv() const { return this->source; }
    };

    std::unique_ptr<store_base> of_;
};

static_assert(store<any_store>);

}  // namespace casement::engine
