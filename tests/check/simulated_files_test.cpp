#include <casement/check/simulated_files.hpp>

#include <string>

#include "blob/file_system_laws.hpp"

namespace casement::testing::simulated_files_test {
namespace {

using check::file_answer;
using check::file_call;
using check::shared_disk_calls;
using check::simulated_disk;
using check::simulated_files;

/// The laws work below a directory /tmp/<name>, which is here as soon as it is named.
template <check::disk_rules Rules>
class with_room {
public:
    file_answer operator()(const file_call& c) const {
        if (c.path.starts_with("/tmp/")) {
            make("/tmp");
            make(c.path.substr(0, c.path.find('/', 5)));
        }
        return calls_(c);
    }

private:
    void make(const std::string& path) const {
        file_call c;
        c.what = file_call::make_directory;
        c.path = path;
        (void)calls_(c);
    }
    shared_disk_calls calls_{simulated_disk{Rules}};
};

template <check::disk_rules Rules>
struct simulated : simulated_files<with_room<Rules>> {
    simulated() : simulated_files<with_room<Rules>>{{}} {}
};

INSTANTIATE_TYPED_TEST_SUITE_P(Simulated, file_system_laws, simulated<check::disk_rules{}>);
INSTANTIATE_TYPED_TEST_SUITE_P(Kind, file_system_laws, simulated<check::a_kind_disk>);

}  // namespace
}  // namespace casement::testing::simulated_files_test
