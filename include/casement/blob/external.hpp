#pragma once
// Bytes that lie elsewhere and that the store keeps no copy of (SPEC B1, External): a link says
// where, how many, and what they hash to. `file:` URIs are read by the library, other schemes by
// what the application plugs in. Whoever reads through a link is told of a change, and of an
// absence, and is never given other bytes.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <casement/blob/file_system.hpp>
#include <casement/core/error.hpp>

namespace casement::blob {

/// What a URI leads to, opened: the same bytes for as long as it lives. Any thread, and several at
/// once: a large one is read by two. What its calls throw ends the program.
class external_file {
public:
    external_file() = default;
    external_file(const external_file&) = delete;
    external_file& operator=(const external_file&) = delete;
    virtual ~external_file() = default;

    [[nodiscard]] virtual result<std::uint64_t> size() const = 0;
    /// Fills `into` as far as the bytes go; answers the bytes read.
    [[nodiscard]] virtual result<std::size_t> read_at(std::uint64_t offset,
                                                      std::span<char> into) const = 0;
    /// For errors.
    [[nodiscard]] virtual std::string_view path() const = 0;
};

/// Opens what a URI leads to: `not_found`, `need_pull` (fetch it, then ask again), `io`. Called
/// from any thread.
using resolver = std::function<result<std::shared_ptr<const external_file>>(const std::string&)>;

/// Which resolver opens the URIs of a scheme. A value; nobody changes it while it is used.
class resolvers {
public:
    /// Replaces what opened the scheme until now. `scheme` is lower-case and without the colon.
    void set(std::string scheme, resolver by) { all_[std::move(scheme)] = std::move(by); }
    [[nodiscard]] bool has(const std::string& scheme) const { return all_.contains(scheme); }

    /// `need_pull` where nobody opens its scheme, `bad_name` if the text is no URI.
    [[nodiscard]] result<std::shared_ptr<const external_file>> open(const std::string& uri) const;

private:
    std::map<std::string, resolver> all_;
};

/// The scheme in lower case; empty if the text has none (RFC 3986, 3.1).
[[nodiscard]] std::string scheme_of(std::string_view uri);

/// The URI of an absolute path, byte for byte: what is not a letter, a digit or one of "/-._~" is
/// escaped. REQUIRES: the path begins with '/'
[[nodiscard]] std::string file_uri(std::string_view path);
/// The reverse; takes "file:/p", "file:///p" and "file://localhost/p". `unsupported` for another
/// host, `bad_name` for what is no absolute path, or has a NUL in it.
[[nodiscard]] result<std::string> path_in_file_uri(std::string_view uri);

namespace detail {

template <file_system FS>
class linked_file final : public external_file {
public:
    explicit linked_file(typename FS::file file) : file_{std::move(file)} {}
    [[nodiscard]] result<std::uint64_t> size() const override { return file_.size(); }
    [[nodiscard]] result<std::size_t> read_at(std::uint64_t offset,
                                              std::span<char> into) const override {
        return file_.read_at(offset, into);
    }
    [[nodiscard]] std::string_view path() const override { return file_.path(); }

private:
    typename FS::file file_;
};

}  // namespace detail

/// Opens `file:` URIs; their last component is a file, and no symbolic link.
template <file_system FS>
[[nodiscard]] resolver file_resolver(FS fs) {
    return [fs](const std::string& uri) -> result<std::shared_ptr<const external_file>> {
        auto path = path_in_file_uri(uri);
        if (!path) return passed(path);
        auto disk = fs;  // a cheap value, whose calls are no constants
        auto file = disk.open(*path);
        if (!file) return passed(file);
        return std::make_shared<const detail::linked_file<FS>>(*std::move(file));
    };
}

}  // namespace casement::blob
