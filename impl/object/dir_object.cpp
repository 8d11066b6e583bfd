#include <casement/object/dir_object.hpp>

namespace casement::object::detail {

void dir_frame::seek(std::string_view name) {
    if (block->is_leaf()) {
        const auto at = std::ranges::lower_bound(block->entries, name, {}, &dir_entry::name);
        next = static_cast<std::size_t>(at - block->entries.begin());
    } else {
        const auto after = std::ranges::upper_bound(block->children, name, {}, &dir_child::first);
        const auto count = static_cast<std::size_t>(after - block->children.begin());
        next = count == 0 ? 0 : count - 1;
    }
}

result<block_ptr> checked_block(const digest& name, std::string_view bytes) {
    if (sha256_of(bytes) != name)
        return fail(errc::corrupt, "read directory block", to_hex(name),
                    "its bytes have another hash");
    auto block = dir_block_from_bytes(bytes);
    if (!block) return within(std::move(block), "read directory block", to_hex(name));
    return std::make_shared<const dir_block>(*std::move(block));
}

result<dir_frame> checked_child(const dir_frame& above, block_ptr block) {
    const auto& said = above.child();
    const auto sibling = above.next + 1;
    const auto& end =
        sibling < above.block->children.size() ? above.block->children[sibling].first : above.end;

    const auto broken = [&](const char* how) {
        return fail(errc::corrupt, "read directory block", to_hex(said.block), how);
    };
    if (block->level + 1 != above.block->level) return broken("it stands at the wrong level");
    if (block->count() != said.entries) return broken("its index counts it differently");
    const bool leaf = block->is_leaf();
    const auto& first = leaf ? block->entries.front().name : block->children.front().first;
    const auto& last = leaf ? block->entries.back().name : block->children.back().first;
    if (first != said.first) return broken("its index gives it another first name");
    if (!end.empty() && last >= end) return broken("it has names of the next block");
    return dir_frame{std::move(block), end, 0};
}

}  // namespace casement::object::detail
