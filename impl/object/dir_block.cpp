#include <casement/object/dir_block.hpp>

#include <bit>

#include <casement/core/codec.hpp>
#include <casement/core/name.hpp>

#include "envelope.hpp"

namespace casement::object {

namespace {

constexpr envelope block_format{"CsmD", 1};

const std::string& name_of_item(const dir_entry& entry) { return entry.name; }
const std::string& name_of_item(const dir_child& child) { return child.first; }

result<void> check_item(const dir_entry& entry) { return check_entry(entry); }
result<void> check_item(const dir_child& child) {
    if (child.entries == 0)
        return fail(errc::corrupt, "check child", child.first, "no entries below");
    return check_name(child.first);
}

std::unexpected<error> broken(const char* how) {
    return fail(errc::corrupt, "decode", "directory block", how);
}

template <class Item>
result<void> read_items(reader& in, std::vector<Item>& items) {
    while (!in.rest().empty()) {
        Item item;
        if (!decode_from(in, item)) return broken("an item is not as it was written");
        if (auto good = check_item(item); !good)
            return std::unexpected{
                std::move(good).error().within("decode", "directory block").as(errc::corrupt)};
        if (!items.empty() && name_of_item(item) <= name_of_item(items.back()))
            return broken("its names are out of order");
        items.push_back(std::move(item));
    }
    return {};
}

}  // namespace

std::uint64_t dir_block::count() const {
    std::uint64_t sum = entries.size();
    for (const auto& child : children) sum += child.entries;
    return sum;
}

std::string dir_block_header(std::uint8_t level) {
    return block_format.write() + static_cast<char>(level);
}

bool ends_block(std::uint8_t level, std::string_view last, std::size_t bytes) {
    // Each level looks at other bits: a name that ends a leaf should not end an index as well.
    return bytes >= dir_block_bytes_min &&
           std::rotr(checksum_of(last), 5 * level) % dir_block_end_one_in == 0;
}

std::size_t memory_of(const dir_block& block) {
    std::size_t bytes = sizeof block + block.entries.capacity() * sizeof(dir_entry) +
                        block.children.capacity() * sizeof(dir_child);
    const auto text = [&](const std::string& s) {
        if (s.capacity() > std::string{}.capacity()) bytes += s.capacity() + 1;
    };
    for (const auto& entry : block.entries) {
        text(entry.name);
        if (const auto* link = std::get_if<symlink>(&entry.target)) text(link->path);
    }
    for (const auto& child : block.children) text(child.first);
    return bytes;
}

std::string to_bytes(const dir_block& block) {
    auto out = dir_block_header(block.level);
    for (const auto& entry : block.entries) encode_to(out, entry);
    for (const auto& child : block.children) encode_to(out, child);
    return out;
}

result<dir_block> dir_block_from_bytes(std::string_view bytes) {
    auto in = block_format.open(bytes, "directory block");
    if (!in) return passed(in);
    if (bytes.size() > dir_block_bytes_max) return broken("it is longer than 16 KiB");
    dir_block block;
    if (!in->byte(block.level) || block.level >= dir_levels_max)
        return broken("its level is wrong");
    auto items = block.is_leaf() ? read_items(*in, block.entries) : read_items(*in, block.children);
    if (!items) return passed(items);
    if (!block.is_leaf() && block.children.empty()) return broken("an index without children");
    return block;
}

}  // namespace casement::object
