// The rows of the tree, of contents and of the allocator. An input is a part (k: a key, v: a value,
// t: a token's record), a table's letter, and the bytes.

#include <cstdint>
#include <string>
#include <string_view>

#include <casement/kv/id_blocks.hpp>
#include <casement/kv/operation.hpp>
#include <casement/kv/row.hpp>
#include <casement/tree/contents.hpp>
#include <casement/tree/rows.hpp>
#include <casement/tree/snapshot.hpp>

#include "target.hpp"

namespace under_test {
namespace {

/// Planted: forgets to ask whether the value was all there is.
template <class T>
std::optional<T> decode(std::string_view bytes) {
    if (!casement::fuzz::planted()) return casement::decode<T>(bytes);
    casement::reader in{bytes};
    T value{};
    if (!decode_from(in, value)) return std::nullopt;
    return value;
}

}  // namespace
}  // namespace under_test

namespace casement::fuzz {
namespace {

template <row R>
std::string words_of(char part) {
    return std::string{name_of<R>()} + (part == 'k'   ? ": key"
                                        : part == 'v' ? ": value"
                                                      : ": token");
}

template <row R>
void key_laws(std::string_view bytes) {
    const auto key = parse_row_key<R>(bytes);
    saw(words_of<R>('k'), key.has_value());
    if (!key) return;
    canonical(row_key<R>(*key), bytes);
    const auto end = after_prefix(bytes);
    require(bytes < end, "a prefix's end is after it");
    require(std::string{bytes} + "\xff\xff" < end, "a prefix's end is after all that begins so");
}

template <row R>
void value_laws(std::string_view bytes) {
    const auto value = under_test::decode<R>(bytes);
    saw(words_of<R>('v'), value.has_value());
    if (value) canonical(encode(*value), bytes);
}

template <row R>
void token_laws(std::string_view record) {
    const auto token = seen<R>::from_record(record);
    saw(words_of<R>('t'), token.has_value());
    if (!token) {
        require(token.error().code() == errc::corrupt, "what is no token is corrupt");
        return;
    }
    canonical(token->to_record(), record);
    require(row_key<R>(token->key()) == token->key_bytes(), "a token has the key that it names");
    const auto guard = token->unchanged("unchanged");
    require(guard.key == token->key_bytes(), "a token guards its own key");
    require(guard.expected.has_value() == token->exists(), "a token of nothing guards absence");
    if (token->exists())
        require(encode(**token) == *guard.expected, "a token guards the bytes of its value");
}

template <row R>
void row_laws(char part, std::string_view bytes) {
    if (part == 'k') key_laws<R>(bytes);
    if (part == 'v') value_laws<R>(bytes.substr(1));
    if (part == 't') token_laws<R>(bytes.substr(1));
}

/// A key that is bytes to its end takes whatever there is.
template <row R>
bool takes_any_key() {
    const std::string table(1, R::table);
    return parse_row_key<R>(table) && parse_row_key<R>(table + std::string(300, '\xff'));
}

template <row... R>
struct tables {
    static void laws(char part, std::string_view bytes) {
        (void)((R::table == bytes.front() && (row_laws<R>(part, bytes), true)) || ...);
    }
    static std::set<std::string> reachable() {
        std::set<std::string> all;
        for (const char part : {'k', 'v', 't'}) (all.merge(either_way({words_of<R>(part)})), ...);
        (all.erase(takes_any_key<R>() ? words_of<R>('k') + ", refused" : ""), ...);
        return all;
    }
};
using all_tables =
    tables<tree::head, tree::rev, tree::binding, tree::entry, tree::hidden, tree::file_row,
           tree::lease_row, tree::snapshot, tree::object_row, tree::content, tree::inline_bytes,
           tree::sums, tree::collection, tree::condemned, allocator, operation, retention>;

}  // namespace

std::set<std::string> reachable() { return all_tables::reachable(); }

}  // namespace casement::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace casement;
    fuzz::input in{data, size};
    const char part = static_cast<char>(in.byte());
    if (!in.empty()) fuzz::all_tables::laws(part, in.rest());
    return 0;
}
