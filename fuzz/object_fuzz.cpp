// Immutable objects. An input is a part (f: a file object, d: a directory's block, i: an id as
// text) and the bytes.

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include <casement/core/hash.hpp>
#include <casement/core/name.hpp>
#include <casement/object/dir_block.hpp>
#include <casement/object/dir_builder.hpp>
#include <casement/object/dir_object.hpp>
#include <casement/object/file_object.hpp>
#include <casement/object/object_id.hpp>

#include "target.hpp"

namespace under_test {
namespace {

/// Planted: takes hexadecimal digits in either case.
casement::result<casement::protocol::obj_id> obj_id_from_text(std::string_view text) {
    if (!casement::fuzz::planted()) return casement::object::obj_id_from_text(text);
    std::string lower{text};
    for (char& c : lower)
        if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
    return casement::object::obj_id_from_text(lower);
}

}  // namespace
}  // namespace under_test

namespace casement::fuzz {
namespace {

using object::dir_block;
using object::obj_id;

void file_object_laws(std::string_view bytes) {
    const auto file = object::file_object_from_bytes(bytes);
    saw("file object", file.has_value());
    if (!file) return refused_as_written(file.error());
    canonical(object::to_bytes(*file), bytes);
    require(object::id_of(*file) == obj_id{obj_id::file, sha256_of(bytes)},
            "an object is named by its bytes");
}

class blocks {
public:
    auto sink() {
        return [this](const digest& name, std::string_view bytes) -> result<void> {
            held_.insert_or_assign(name, std::string{bytes});
            return {};
        };
    }
    auto source() const {
        return [this](const digest& name) -> result<std::string> {
            const auto found = held_.find(name);
            if (found == held_.end()) return fail(errc::need_pull, "fetch", to_hex(name));
            return found->second;
        };
    }

private:
    std::map<digest, std::string> held_;
};

/// Whatever a leaf lists, `dir_builder` makes a directory of, and that lists the same.
void rebuild(const dir_block& leaf) {
    blocks made;
    object::dir_builder builder{made.sink()};
    for (const auto& entry : leaf.entries)
        require(builder.push(entry).has_value(), "what a leaf lists, a directory can hold");
    const auto summary = builder.finish();
    require(summary && summary->entries == leaf.count(), "a directory counts its entries");
    require(object::dirobj_check(made.source(), summary->id).has_value(),
            "what the builder writes is cut rightly");
    for (const auto& entry : leaf.entries) {
        const auto found = object::dirobj_get_child(made.source(), summary->id, entry.name);
        require(found && *found == entry, "an entry is found by its name");
    }
}

/// Walks a block as a directory of its own; what lies below an index nobody holds.
void walk(std::string_view bytes, const dir_block& block) {
    blocks made;
    const auto name = sha256_of(bytes);
    require(made.sink()(name, bytes).has_value(), "a map takes a block");
    std::size_t listed = 0;
    for (const auto& entry : object::dir_view{made.source(), obj_id{obj_id::directory, name}}) {
        require(entry.has_value() == block.is_leaf(), "a leaf is listed, an index asks for more");
        if (entry) require(*entry == block.entries[listed++], "a leaf is listed as it stands");
    }
    require(listed == block.entries.size(), "a leaf is listed to its end");
}

void dir_block_laws(std::string_view bytes) {
    const auto block = object::dir_block_from_bytes(bytes);
    saw("directory block", block.has_value());
    if (!block) return refused_as_written(block.error());
    saw(block->is_leaf() ? "a leaf" : "an index");
    canonical(object::to_bytes(*block), bytes);
    require(block->entries.empty() || block->children.empty(), "a block is a leaf or an index");
    for (const auto& entry : block->entries)
        require(object::check_entry(entry).has_value(), "a leaf holds only good entries");
    for (const auto& child : block->children)
        require(check_name(child.first).has_value(), "an index holds only good names");
    walk(bytes, *block);
    if (block->is_leaf()) rebuild(*block);
}

void id_laws(std::string_view text) {
    const auto id = under_test::obj_id_from_text(text);
    saw("id", id.has_value());
    if (id) return canonical(object::to_text(*id), text);
    require(id.error().code() == errc::bad_name, "what is no id is a bad name");
    require(!id.error().message().empty(), "a refusal has a message");
}

}  // namespace

std::set<std::string> reachable() {
    auto all = either_way({"file object", "directory block", "id"});
    all.merge(std::set<std::string>{"a leaf", "an index"});
    return all;
}

}  // namespace casement::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace casement::fuzz;
    input in{data, size};
    switch (in.byte()) {
        case 'f': file_object_laws(in.rest()); break;
        case 'd': dir_block_laws(in.rest()); break;
        case 'i': id_laws(in.rest()); break;
    }
    return 0;
}
