// expected: casement: tables A to Z are the application's, no others
#include <casement/blob/posix.hpp>
#include <casement/kv/memory.hpp>
#include <casement/tree/blob_rows.hpp>

using namespace casement;

struct song {
    static constexpr char table = 's';
    using key = protocol::node_id;
    blob::field cover;
};

auto put_song(tree::contents<memory_store, blob::posix_file_system>& c, const seen<song>& old) {
    return tree::put(c, old, song{}, "as read");
}
