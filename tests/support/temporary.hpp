#pragma once
// A directory of a test's own, gone when the test ends.

#include <cstdlib>
#include <filesystem>
#include <string>

namespace casement::testing {

class temporary_directory {
public:
    temporary_directory() {
        std::string pattern = (std::filesystem::temp_directory_path() / "casement-XXXXXX").string();
        path_ = ::mkdtemp(pattern.data());
    }
    temporary_directory(const temporary_directory&) = delete;
    temporary_directory& operator=(const temporary_directory&) = delete;
    ~temporary_directory() {
        std::error_code ignored;  // leftovers in /tmp fail no test
        std::filesystem::remove_all(path_, ignored);
    }

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    [[nodiscard]] std::string operator/(const std::string& name) const {
        return (path_ / name).string();
    }

private:
    std::filesystem::path path_;
};

}  // namespace casement::testing
