#pragma once
// A stored file, a link and their facts become real ones: what export and mirror share. Any thread,
// a file from one.

#include <sys/stat.h>

#include <string>

#include <casement/core/error.hpp>
#include <casement/tree/rows.hpp>
#include <casement/vault.hpp>

#include "disk.hpp"
#include "progress.hpp"

namespace casement::command {

/// A file that is being made under a name of its own, and is gone again unless it is kept: half a
/// file under its name would be taken for the whole. Its directory outlives it.
class new_file {
public:
    /// REQUIRES: nothing has the name; else `exists`, whatever that is
    [[nodiscard]] static result<new_file> create(const open_directory& into, std::string name);
    new_file(new_file&& other) noexcept;
    new_file& operator=(new_file&&) = delete;
    ~new_file();

    [[nodiscard]] result<void> write(vault::reader& bytes, tally& moved);
    /// Mode and mtime: the errno of a refusal, or 0.
    [[nodiscard]] int set_facts(const tree::facts& about) const;
    [[nodiscard]] result<void> sync() const;
    /// What the file system says of it, asked of the descriptor, which is closed then.
    [[nodiscard]] result<struct stat> close();
    /// It is whole, and its name is its own or has become another.
    void keep() { into_ = nullptr; }

    [[nodiscard]] const std::string& name() const { return name_; }

private:
    new_file(const open_directory& into, std::string name, int number)
        : into_{&into}, name_{std::move(name)}, number_{number} {}
    [[nodiscard]] std::string path() const { return into_->path_of(name_); }

    const open_directory* into_;
    std::string name_;
    descriptor number_;
};

/// A link without its facts.
[[nodiscard]] result<void> make_link(const open_directory& into, const std::string& name,
                                     const std::string& target);

/// Mode and mtime of what is open: the errno of a refusal, or 0.
[[nodiscard]] int set_facts(const descriptor& of, const tree::facts& about);
[[nodiscard]] int set_facts(const open_directory& of, const tree::facts& about);
/// The same of a name, which is not followed. A link has no mode of its own.
[[nodiscard]] int set_facts(const open_directory& in, const std::string& name, bool is_link,
                            const tree::facts& about);

}  // namespace casement::command
