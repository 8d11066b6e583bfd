// Writes the seeds of the corpora: `make_fuzz_seeds DIRECTORY`, once for each format. Real
// encodings, small ones, by the code that ships; a file whose name begins with `refused_` is no
// encoding.

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <casement/blob/checksum.hpp>
#include <casement/blob/descriptor.hpp>
#include <casement/blob/little_endian.hpp>
#include <casement/blob/pack_format.hpp>
#include <casement/check/explore.hpp>
#include <casement/check/walk.hpp>
#include <casement/core/hash.hpp>
#include <casement/kv/id_blocks.hpp>
#include <casement/kv/operation.hpp>
#include <casement/kv/row.hpp>
#include <casement/object/dir_block.hpp>
#include <casement/object/file_object.hpp>
#include <casement/object/object_id.hpp>
#include <casement/protocol/blob.hpp>
#include <casement/protocol/dentry.hpp>
#include <casement/protocol/directory.hpp>
#include <casement/protocol/file.hpp>
#include <casement/protocol/lease.hpp>
#include <casement/protocol/staging.hpp>
#include <casement/tree/contents.hpp>
#include <casement/tree/create.hpp>
#include <casement/tree/rows.hpp>
#include <casement/tree/snapshot.hpp>

#include "mirror_record.hpp"
#include "schedules.hpp"
#include "scripted.hpp"

namespace {

using namespace casement;
using namespace std::string_literals;

constexpr timestamp year_2023{1'700'000'000'000'000'000};

class corpus {
public:
    corpus(const std::filesystem::path& root, std::string_view unit) : directory_{root / unit} {
        std::filesystem::create_directories(directory_);
    }

    void write(const std::string& name, std::string_view bytes) const {
        std::ofstream out{directory_ / name, std::ios::binary | std::ios::trunc};
        out << bytes;
        require(out.flush().good(), "a seed is written");
    }

private:
    std::filesystem::path directory_;
};

protocol::obj_id file_id() { return {protocol::obj_id::file, sha256_of("a file")}; }

blob::descriptor packed_blob() {
    return {blob::placement::packed, blob::to_number({{3}, 128}), 70'000, {17}, {}, 0x1234,
            sha256_of("packed")};
}

template <row R>
void row_seeds(const corpus& to, const std::string& name, const typename R::key& key,
               const R& value) {
    const auto key_bytes = row_key<R>(key);
    const auto value_bytes = encode(value);
    std::string record;
    encode_to(record, key_bytes);
    encode_to(record, std::optional{value_bytes});
    to.write(name + "_key", "k" + key_bytes);
    to.write(name, "v"s + R::table + value_bytes);
    to.write(name + "_token", "t"s + R::table + record);
}

void rows(const corpus& to) {
    using namespace casement::tree;
    const digest content = sha256_of("contents");
    row_seeds<head>(to, "head", {1}, {protocol::directory::alive{}, {1}, 0755, year_2023});
    const obj_id below{obj_id::directory, sha256_of("a block")};
    row_seeds<head>(to, "head_over", {17},
                    {protocol::directory::alive{}, {2}, 0755, year_2023, below});
    row_seeds<head>(to, "head_mounted", {18},
                    {protocol::directory::mounted{}, {}, 0555, year_2023, below});
    row_seeds<hidden>(to, "hidden", {{17}, {1}}, {});
    row_seeds<tree::snapshot>(to, "snapshot", {"monday"},
                              {below, {0755, year_2023, 5}, year_2023, "/photos", 1, 1, 1});
    row_seeds<collection>(to, "collection", {}, {{2}});
    row_seeds<condemned>(to, "condemned", whole(content), {{{31}}, year_2023});
    row_seeds<rev>(to, "rev", {1}, {{42}});
    row_seeds<binding>(to, "binding", {17}, {{1}, "usr"});
    row_seeds<entry>(to, "entry_node", {{1}, {1}, "usr"},
                     {protocol::dentry::inode{{17}}, {18}, {0755, year_2023, 0}});
    row_seeds<entry>(to, "entry_object", {{17}, {1}, "stdio.h"},
                     {protocol::dentry::object{file_id()}, {300}, {0644, {-1}, 31'176}});
    row_seeds<entry>(to, "entry_link", {{17}, {1}, "cc"},
                     {protocol::dentry::symlink{"../gcc"}, {19}, {0777, {}, 6}});
    row_seeds<entry>(to, "entry_file", {{17}, {1}, "draft"},
                     {protocol::dentry::inode{{21}, protocol::obj_id::file}, {20}, {0600, {}, 0}});
    row_seeds<file_row>(to, "file", {21}, {protocol::file::working{{3}, {22}}});
    row_seeds<file_row>(to, "file_final", {21}, {protocol::file::finalized{{3}, file_id()}});
    row_seeds<lease_row>(to, "lease", {21}, {protocol::lease::held{{23}, {3}, year_2023}});
    row_seeds<object_row>(to, "object", file_id(), {object::to_bytes({content, 5})});
    row_seeds<tree::content>(to, "content", content, {packed_blob()});
    row_seeds<inline_bytes>(to, "inline", content, {"int main() {}\n"});
    row_seeds<sums>(to, "sums", {content, 1}, {std::string(16, '\7')});
    row_seeds<allocator>(to, "allocator", {}, {1040});
    row_seeds<operation>(to, "operation", {2, {24}}, {1, 0, encode(created{{25}, {26}})});
    row_seeds<retention>(to, "retention", {}, {1, 2, year_2023});
    std::string nothing_there;
    encode_to(nothing_there, row_key<entry>({{1}, {1}, "usr"}));
    encode_to(nothing_there, std::optional<std::string>{});
    to.write("absent_token", "td" + nothing_there);
    to.write("refused_long_varint", "v#\x90\x80\x00"s);
}

void objects(const corpus& to) {
    using namespace casement::object;
    const digest below = sha256_of("a block");
    to.write("file", "f" + to_bytes(file_object{sha256_of("text"), 4}));
    to.write("empty_dir", "d" + to_bytes(dir_block{}));
    to.write("dir",
             "d" + to_bytes(dir_block{0,
                                      {{"a", file_id(), 0644, year_2023, 5},
                                       {"b", obj_id{obj_id::directory, below}, 0755, year_2023, 0},
                                       {"c", casement::object::symlink{"a"}, 0777, {-1}, 0}},
                                      {}}));
    to.write("index", "d" + to_bytes(dir_block{1, {}, {{"a", below, 3}, {"m", below, 200}}}));
    to.write("file_id", "i" + to_text(file_id()));
    to.write("dir_id", "i" + to_text({obj_id::directory, below}));
    to.write("refused_newer", "fCsmF\x02"s);
    to.write("refused_upper_case", "ifile:" + std::string(64, 'A'));
}

void names(const corpus& to) {
    to.write("name", "nstdio.h");
    to.write("name_utf8", "n\xc3\xa4rger \xe2\x82\xac \xf0\x9f\x9a\xaa");
    to.write("name_bytes", "n\xff\x80\xc0\xaf\x01\n\t");
    to.write("name_longest", "n" + std::string(255, 'x'));
    to.write("refused_too_long", "n" + std::string(256, 'x'));
    to.write("refused_dots", "n..");
    to.write("path", "pusr/include//stdio.h/");
    to.write("path_absolute", "p/a/b");
    to.write("path_root", "p///");
    to.write("refused_dot", "pa/./b");
    to.write("refused_nul", "pa/b\0c"s);
}

template <machine M>
std::string scripted(char place, const state<M>& from, std::string_view events) {
    const auto bytes = encode(from);
    return std::string{place, static_cast<char>(bytes.size())} + bytes + std::string{events};
}

void protocols(const corpus& to) {
    using namespace casement::protocol;
    const auto id = encode(file_id());
    to.write("dentry_created", scripted<dentry>(0, dentry::absent{}, "\x00\x11\x05\x11"s + id));
    to.write("dentry_object",
             scripted<dentry>(0, dentry::object{file_id()}, "\x06" + id + "\x11\x0a"));
    to.write("dentry_link", scripted<dentry>(0, dentry::symlink{"a"},
                                             "\x08\x01"
                                             "b\x0b"));
    to.write("dentry_tombstone", scripted<dentry>(0, dentry::tombstone{}, "\x00\x11\x09"s));
    to.write("file_written",
             scripted<file>(1, file::cooling{{1}, {300}}, "\x00\x01\x07\x01\x02\x03\x02"s));
    to.write("file_finalized",
             scripted<file>(1, file::finalizing{{2}, {7}}, "\x07\x02" + id + "\x00\x02\x08"s));
    to.write("file_never_written", scripted<file>(1, file::finalized{{2}, file_id()},
                                                  "\x07" + encode(file::commit{{2}, file_id()}) +
                                                      "\x07" + encode(file::commit{{3}, {}})));
    to.write("lease_expired", scripted<lease>(2, lease::held{{300}, {5}, year_2023},
                                              "\x04" + encode(lease::expire{{5}, year_2023})));
    to.write("lease_granted",
             scripted<lease>(2, lease::free{{4}}, "\x00\x09\x04\x02\x01\x09\x05"s));
    to.write("lease_held", scripted<lease>(2, lease::held{{300}, {5}, year_2023}, "\x05\x05"));
    to.write("directory", scripted<directory>(3, directory::absent{}, "\x00\x01\x04\x05\x06"s));
    to.write("staging", scripted<staging>(4, staging::open{{17}, {0}},
                                          "\x00\x05\x01\x05"s + std::string(32, 's') + "\x02"));
    to.write("staging_sealed",
             scripted<staging>(4, staging::sealed{{17}, {300}, sha256_of("x")}, "\x03"));
    to.write("blob", scripted<protocol::blob>(5, protocol::blob::condemned{{300}}, "\x05\x06\x02"));
    to.write("refused_long_varint", "\x05\x03\x03\x80\x00"s);
}

void blobs(const corpus& to) {
    using namespace casement::blob;
    const std::uint64_t magic = 0x0123456789abcdef;
    auto inline_blob = packed_blob();
    inline_blob.kind = placement::inline_row;
    inline_blob.position = 0;
    auto dedicated = packed_blob();
    dedicated.kind = placement::dedicated;
    dedicated.position = 0;
    to.write("packed", "d" + encode(packed_blob()));
    to.write("dedicated", "d" + encode(dedicated));
    to.write("inline", "d" + encode(inline_blob));
    to.write("external", "d" + encode(external_descriptor("https://example.org/song")));
    to.write("pack_header", "h" + encode_pack_header({{3}, magic}));
    to.write("frame_header", "f" + encode_frame_header(frame_of(packed_blob(), magic)));
    const chunk_sums three{1, 0xffff'ffff'ffff'ffff, 3};
    to.write("sums", "s" + encode_sums(three).front());
    to.write("blob_name", "b0000000000000411.blob");
    to.write("pack_name", "q0000002a.pack");
    to.write("pack_whole", "p\0\0\0\5hello\0\3all"s);
    to.write("pack_damaged", "p\0\0\0\5hello\1\4junk\0\3all\2\0\102\1\3\2\0\1!"s);
    to.write("pack_cut", "p\0\x41\0\5hello\0\3all"s);
    to.write("refused_sums", "s1234567");
}

void logs(const corpus& to) {
    to.write("records", "\0\0\x14\0\1\7a batch\0\1\5other"s);
    to.write("over_blocks", "\0\x80\x10\0\1\3one\1\2\x90\0\1\3\x20\0\0\4\4last"s);
    to.write("block_trailer", "\0\x80\0\7\3\0\1\4next"s);
    to.write("cut_trailer", "\0\x7f\xff\7\3\3\0\1"s);  // a bug once found
    to.write("torn", "\0\0\x0a\0\1\7a batch\0\1\5other\6\0\2"s);
    to.write("reserved", "\0\0\x0a\0\1\7a batch\3\x40\0"s);
    to.write("refused_damaged", "\0\0\x14\0\1\7a batch\0\1\5other\2\0\x15\1"s);
    to.write("refused_raw_bytes",
             "\0\0\0\4\x10"
             "not a log at all"s);
}

std::string file_name(std::string words) {
    std::ranges::replace_if(
        words, [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0; }, '_');
    return words.substr(0, 120);
}

/// What guards come to that `shown` has not yet, each by a schedule of the search: `use` makes the
/// seed of that name from the token, and answers what its walk comes to. Answers the search.
template <class Use>
check::report show_guards(const check::story& of, std::set<std::string>& shown, Use use) {
    check::scope in;
    in.keep_witnesses = true;
    auto searched = check::explore(of, in);
    for (const auto& [guard, count] : searched.guards)
        for (const bool holds : {true, false}) {
            const auto words = fuzz::guard_outcome(guard, holds);
            if ((holds ? count.held : count.failed) == 0 || shown.contains(words)) continue;
            const auto& token = holds ? count.held_by : count.failed_by;
            require(!token.empty(), "what a guard came to can be shown");
            shown.merge(fuzz::guard_outcomes(use("shows " + words, token)));
            require(shown.contains(words), "a token shows what it is a witness of");
        }
    return searched;
}

// A schedule for whatever guards come to, and those that mutants die of, on the code that has its
// guards: they lead to where it is close. What dies of the planted mutant's guard is left for the
// fuzzer to find.
void schedules(const corpus& to) {
    std::set<std::string> shown;
    for (std::size_t i = 0; i < fuzz::told_stories.size(); ++i) {
        if (fuzz::told_stories[i].size != models::size{}) continue;
        const auto story = fuzz::story_named(fuzz::told_stories[i].name);
        (void)show_guards(story, shown, [&](const std::string& name, const std::string& token) {
            const auto bytes = check::steering(story, token);
            require(bytes.has_value(), "a token steers its own story");
            to.write(file_name(name), static_cast<char>(i) + *bytes);
            return check::steer(story, *bytes);
        });
    }
    for (std::size_t i = 0; i < fuzz::told_stories.size(); ++i) {
        const auto& [called, size] = fuzz::told_stories[i];
        if (std::ranges::find(fuzz::told_stories, called, &fuzz::told::name) !=
            fuzz::told_stories.begin() + static_cast<std::ptrdiff_t>(i))
            continue;  // it is there in a larger size
        const auto story = fuzz::story_named(called, size);
        check::scope in;
        in.states_max = 50'000;
        for (const auto& [guard, count] : check::explore(story, in).guards) {
            if (guard.second == fuzz::planted_in_stories.guard) continue;
            in.without = {{guard.first, guard.second}};
            const auto mutant = check::explore(story, in);
            if (mutant.violations.empty()) continue;
            const auto bytes = check::steering(story, mutant.violations.front().token);
            require(bytes.has_value(), "a token steers its own story");
            to.write(
                file_name(std::string{called} + " without " + guard.first + " " + guard.second),
                static_cast<char>(i) + *bytes);
        }
    }
}

std::string words(std::initializer_list<std::string_view> all) {
    std::string out = "c";
    for (const auto word : all) (out += word) += '\0';
    return out;
}

void commands(const corpus& to) {
    to.write("init", words({"init", "s", "--inline-max", "65536"}));
    to.write("import", words({"import", "--jobs", "2", "s", "/usr", "/usr"}));
    to.write("ls", words({"ls", "-l", "--json", "s", "/"}));
    to.write("mkdir", words({"mkdir", "-p", "s", "/a/b", "--mode", "0755"}));
    to.write("write", words({"write", "s", "/f", "--create", "--finalize"}));
    to.write("explore", words({"explore", "unstuck", "--scope", "2x1", "--without", "a/b"}));
    to.write("help", words({"--help"}));
    to.write("refused_command", words({"frobnicate"}));
    to.write("refused_empty_word", words({"rebuild", "s", "", "--no-such"}));
    to.write("token",
             "t" + check::explore(fuzz::story_named("late-writer"),
                                  check::scope::raw({{"close", "the lease is still mine"}}))
                       .violations.front()
                       .token);
    to.write("mount", "m36 35 98:0 /mnt1 /mnt\\0402 rw,noatime master:1 - ext3 /dev/root rw");
    to.write("refused_mount", "m36 35");

    using namespace command::mirrored;
    auto record = begin_frames();
    ended end;
    for (const std::string path : {"a/b", "a", "c"}) {
        const frame f{placed{path, placed::file, sha256_of(path), {0644, {5}, 3}, {0644, {5}, 3}}};
        append_frame(record, f);
        ++end.names;
        end.sum = sum_with(end.sum, f);
    }
    append_frame(record, end);
    to.write("mirror_record", "r" + record);
    auto log = begin_frames();
    append_frame(log, begun{end.sum, "boot"});
    append_frame(log, touched{placed{"c", placed::file, {}, {}, {}}});
    append_frame(log, gone{"a/b"});
    append_frame(log, placed{"d", placed::directory, {}, {}, {}});
    append_frame(log, doubted{});
    const std::string size{static_cast<char>(record.size() >> 8), static_cast<char>(record.size())};
    to.write("mirror_log", "l" + size + record + log);
    to.write("mirror_first_log", "l\0\0"s + log);
}

// One edit of each kind, of the first files; five bytes each, as store_fuzz.cpp reads them.
void stores(const corpus& to) {
    for (char what = 0; what < 9; ++what)
        for (char file = 0; file < 10; file = static_cast<char>(file + 3))
            to.write("edit_" + std::to_string(what) + "_" + std::to_string(file),
                     std::string{what, file, '\1', '\2', '\3'});
}

/// The input of a schedule in which every actor's one turn begins with a choice: what was chosen is
/// a script.
std::string scripts_and_steps(const check::story& of, const std::string& token) {
    constexpr char one_crash_one_lost_reply_one_tick = 0x26;
    const auto steering = check::steering(of, token);
    const auto schedule = check::replay(of, token);
    require(steering && schedule, "a token steers its own story");
    std::vector<std::string> scripts(of.roles().size());
    std::string steps;
    std::size_t at = 0;
    for (const auto& step : schedule->schedule) {
        if (at == steering->size()) break;
        steps += (*steering)[at++];
        if (step.begins) scripts[step.actor] = (*steering)[at++];
        steps += (*steering)[at++];
    }
    std::string out{one_crash_one_lost_reply_one_tick};
    for (const auto& script : scripts) out += script + '\xff';
    return out.append("\xff").append(steps.rbegin(), steps.rend());
}

// Each operation by two clients who take their steps in turn, with every fault allowed and none
// there; a schedule for whatever guards come to; and those that mutants of them die of.
void operations(const corpus& to) {
    const auto story = fuzz::story_named("everything-any-rev", {2, 1});
    const auto seed = [&](const std::string& name, const std::string& input) {
        const auto tale = fuzz::scripted::read(input).tale();
        const auto steps = fuzz::steps_of(input);
        require(check::steer(tale, steps, {fuzz::planted_in_operations}).violations.empty(),
                "no seed breaks as it is what is planted");
        to.write(file_name(name), input);
        return check::steer(tale, steps);
    };
    std::set<std::string> shown;
    const auto searched =
        show_guards(story, shown, [&](const std::string& name, const std::string& token) {
            return seed(name, scripts_and_steps(story, token));
        });
    for (const auto& [guard, count] : searched.guards) {
        check::scope in;
        in.without = {{guard.first, guard.second}};
        if (in.without.front() == fuzz::planted_in_operations) continue;
        const auto mutant = check::explore(story, in);
        if (mutant.violations.empty()) continue;
        (void)seed("without " + guard.first + " " + guard.second,
                   scripts_and_steps(story, mutant.violations.front().token));
    }
    std::string in_turn;
    for (int step = 0; step < 12; ++step) in_turn += "\0\0\0\1"s;  // read from its end
    for (std::size_t which = 0; which < models::operations(); ++which) {
        const std::string script{static_cast<char>(which), '\xff'};
        (void)seed("operation " + std::to_string(which),
                   '\x3e' + script + script + '\xff' + in_turn);
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2 && argc != 3)
        return std::fprintf(stderr, "usage: %s DIRECTORY [UNIT]\n", argv[0]), 2;
    const std::filesystem::path root{argv[1]};
    const std::string_view asked = argc == 3 ? argv[2] : "";
    constexpr std::pair<const char*, void (*)(const corpus&)> units[] = {
        {"rows", rows},          {"object", objects}, {"name", names},
        {"protocol", protocols}, {"blob", blobs},     {"watermark", logs},
        {"command", commands},   {"store", stores},   {"operations", operations},
        {"schedule", schedules},
    };
    for (const auto& [name, write] : units)
        if (asked.empty() || asked == name) write({root, name});
}
