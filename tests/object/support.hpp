#pragma once
// Blocks in memory that count how often they are read, and entries to make directories of.

#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <casement/core/name.hpp>
#include <casement/object/dir_builder.hpp>

namespace casement::object::testing {

/// A store of blocks; a value, so that a test may damage a copy.
struct block_map {
    std::map<digest, std::string> blocks;
    std::size_t reads = 0;

    /// The sink of a builder.
    auto writer() {
        return [this](const digest& name, std::string_view bytes) -> result<void> {
            blocks.insert_or_assign(name, std::string{bytes});
            return {};
        };
    }

    /// The source of a reader.
    auto fetch() {
        return [this](const digest& name) -> result<std::string> {
            ++reads;
            const auto found = blocks.find(name);
            if (found == blocks.end()) return fail(errc::need_pull, "fetch", to_hex(name));
            return found->second;
        };
    }

    /// How many of these blocks `other` lacks.
    [[nodiscard]] std::size_t not_in(const block_map& other) const {
        std::size_t count = 0;
        for (const auto& [name, bytes] : blocks) count += !other.blocks.contains(name);
        return count;
    }
};

using entries = std::map<std::string, dir_entry>;

inline obj_id file_named(std::uint64_t number) {
    return {obj_id::file, sha256_of("file " + std::to_string(number))};
}

inline dir_entry file_entry(std::string name, std::uint64_t number) {
    return {std::move(name), file_named(number), 0644, timestamp{1'700'000'000'000'000'000},
            number};
}

inline void add(entries& to, dir_entry entry) {
    auto name = entry.name;
    to.insert_or_assign(std::move(name), std::move(entry));
}

/// "file-0000000" and on: in the order of the numbers, below 10,000,000.
inline std::string name_of_number(std::uint64_t number) {
    const auto digits = std::to_string(number);
    return "file-" + std::string(7 - digits.size(), '0') + digits;
}

/// `count` files "file-0000000" and on, with metadata of realistic length.
inline entries numbered(std::uint64_t count) {
    entries out;
    for (std::uint64_t i = 0; i < count; ++i) add(out, file_entry(name_of_number(i), i));
    return out;
}

inline dir_summary build(block_map& store, const entries& from) {
    dir_builder builder{store.writer()};
    for (const auto& [name, entry] : from)
        if (auto pushed = builder.push(entry); !pushed) ADD_FAILURE() << pushed.error().message();
    auto made = builder.finish();
    EXPECT_TRUE(made);
    return made.value_or(dir_summary{});
}

inline rc::Gen<std::string> any_name() {
    const auto good = [](const std::string& s) { return bool{check_name(s)}; };
    const auto few_letters = rc::gen::container<std::string>(rc::gen::element('a', 'b', '\xff'));
    return rc::gen::suchThat(rc::gen::oneOf(rc::gen::arbitrary<std::string>(), few_letters), good);
}

inline rc::Gen<dir_target> any_target() {
    return rc::gen::map(rc::gen::arbitrary<std::pair<std::uint8_t, std::uint64_t>>(),
                        [](const auto& from) -> dir_target {
                            const auto content = sha256_of(std::to_string(from.second));
                            if (from.first % 3 == 0) return obj_id{obj_id::file, content};
                            if (from.first % 3 == 1) return obj_id{obj_id::directory, content};
                            return symlink{"../" + std::to_string(from.second)};
                        });
}

inline rc::Gen<dir_entry> any_entry() {
    return rc::gen::apply(
        [](std::string name, dir_target target, std::uint32_t mode, std::int64_t ns,
           std::uint64_t size) {
            return dir_entry{std::move(name), std::move(target), mode, timestamp{ns}, size};
        },
        any_name(), any_target(), rc::gen::arbitrary<std::uint32_t>(),
        rc::gen::arbitrary<std::int64_t>(), rc::gen::arbitrary<std::uint64_t>());
}

/// Some entries, each repeated with that many numbered names, so that directories need blocks.
inline rc::Gen<entries> any_entries(int copies_max) {
    return rc::gen::exec([copies_max] {
        entries out;
        for (const auto& seed : *rc::gen::container<std::vector<dir_entry>>(any_entry())) {
            add(out, seed);
            const auto copies = *rc::gen::inRange(0, copies_max);
            for (int i = 0; i < copies; ++i) {
                auto copy = seed;
                copy.name = seed.name.substr(0, 40) + "." + std::to_string(i * 7919 % 10007);
                add(out, std::move(copy));
            }
        }
        return out;
    });
}

}  // namespace casement::object::testing
