#include <casement/core/error.hpp>

#include <cerrno>
#include <set>
#include <string>
#include <type_traits>

#include <gtest/gtest.h>

#include <support/property.hpp>

namespace casement::error_test {
namespace {

constexpr auto last_code = errc::outcome_expired;

/// The reverse of `printable`, which it can only have if no two inputs print alike.
std::string unescaped(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\\') {
            out += text[i];
            continue;
        }
        switch (text[++i]) {
            case '\\': out += '\\'; break;
            case 'n': out += '\n'; break;
            case 't': out += '\t'; break;
            default:
                out +=
                    static_cast<char>(std::stoi(std::string{text.substr(i + 1, 2)}, nullptr, 16));
                i += 2;
        }
    }
    return out;
}

TEST(errc, has_a_distinct_name_for_every_code) {
    std::set<std::string_view> names;
    for (int code = 1; code <= static_cast<int>(last_code); ++code)
        names.insert(name_of(static_cast<errc>(code)));
    EXPECT_EQ(names.size(), static_cast<std::size_t>(last_code));
    EXPECT_FALSE(names.contains(""));
    EXPECT_EQ(name_of(last_code), "outcome_expired");
}

TEST(errc, keeps_the_numbers_that_outcome_rows_hold) {
    EXPECT_EQ(static_cast<int>(errc::conflict), 1);
    EXPECT_EQ(static_cast<int>(errc::fenced), 12);
    EXPECT_EQ(static_cast<int>(errc::unknown_outcome), 22);
    EXPECT_EQ(static_cast<int>(errc::outcome_expired), 23);
}

TEST(error, says_the_whole_chain_outermost_first) {
    const auto e = system_error(EACCES, "open", "/src/x").within("import", "/src");
    EXPECT_EQ(e.message(), "import '/src': open '/src/x': Permission denied (EACCES)");
    ASSERT_EQ(e.causes().size(), 2u);
    EXPECT_EQ(e.causes().front().operation, "import");
    EXPECT_EQ(e.causes().back().subject, "/src/x");
    EXPECT_EQ(e.system(), EACCES);
}

TEST(error, says_its_detail_or_else_its_code) {
    const error detailed{errc::corrupt, "read row", "d/7", "the tag is 9"};
    EXPECT_EQ(detailed.message(), "read row 'd/7': the tag is 9");
    const error bare{errc::not_empty, "remove", "src"};
    EXPECT_EQ(bare.message(), "remove 'src': not_empty");
    const error nameless{errc::cancelled, "compact", ""};
    EXPECT_EQ(nameless.message(), "compact: cancelled");
    const error both{errc::io, cause{"sync", "pack", "twice", EIO}};
    EXPECT_EQ(both.message(), "sync 'pack': twice: Input/output error (EIO)");
}

TEST(error, says_what_it_can_of_an_errno_that_no_one_knows) {
    EXPECT_EQ(system_error(9999, "ioctl", "/x").message(),
              "ioctl '/x': unknown error (errno 9999)");
}

TEST(error, stays_on_one_line_whatever_the_bytes) {
    const error e{errc::io, "open", "a\nb\x1b[2J", "two\nlines"};
    EXPECT_EQ(e.message(), "open 'a\\nb\\x1b[2J': two\\nlines");
}

TEST(error, changes_its_code_and_keeps_its_causes) {
    const auto e = error{errc::not_found, "get", "k", "no row"}.as(errc::corrupt);
    EXPECT_EQ(e.code(), errc::corrupt);
    EXPECT_EQ(e.message(), "get 'k': no row");
    EXPECT_NE(e, (error{errc::not_found, "get", "k", "no row"}));
    EXPECT_EQ(e, (error{errc::corrupt, "get", "k", "no row"}));
}

TEST(system_error, gives_each_errno_the_code_that_callers_react_to) {
    struct pair {
        int number;
        errc code;
    };
    static constexpr pair known[] = {
        {ENOENT, errc::not_found},
        {EEXIST, errc::exists},
        {ENOTEMPTY, errc::not_empty},
        {ENOTDIR, errc::not_a_directory},
        {EISDIR, errc::is_a_directory},
        {ELOOP, errc::loop},
        {ENAMETOOLONG, errc::bad_name},
        {EILSEQ, errc::bad_name},
        {EROFS, errc::read_only},
        {ENOSPC, errc::no_space},
        {EDQUOT, errc::no_space},
        {EFBIG, errc::too_big},
        {EOPNOTSUPP, errc::unsupported},
        {ENOSYS, errc::unsupported},
        {EIO, errc::io},
        {EACCES, errc::io},
    };
    for (const auto& [number, code] : known)
        EXPECT_EQ(name_of(system_error(number, "x", "y").code()), name_of(code)) << number;
}

TEST(fail, makes_the_failed_result_of_any_type) {
    const auto find = [](bool there) -> result<int> {
        if (!there) return fail(errc::not_found, "look up", "x");
        return 7;
    };
    EXPECT_EQ(find(true).value(), 7);
    ASSERT_FALSE(find(false));
    EXPECT_EQ(find(false).error().code(), errc::not_found);

    const auto read = []() -> result<void> { return fail_system(ENOSPC, "write", "pack"); };
    EXPECT_EQ(read().error().code(), errc::no_space);
    EXPECT_EQ(read().error().system(), ENOSPC);
}

TEST(within, names_the_operation_around_and_passed_does_not) {
    const auto inner = []() -> result<int> { return fail(errc::fenced, "renew", "lease"); };
    const auto named = [&]() -> result<std::string> { return within(inner(), "write", "/a"); };
    EXPECT_EQ(named().error().message(), "write '/a': renew 'lease': fenced");
    EXPECT_EQ(named().error().code(), errc::fenced);

    const auto plain = [&]() -> result<std::string> {
        auto r = inner();
        return passed(r);
    };
    EXPECT_EQ(plain().error(), inner().error());
}

TEST(printable, keeps_text_and_escapes_the_rest) {
    EXPECT_EQ(printable("plain ~ text"), "plain ~ text");
    EXPECT_EQ(printable("a\\b\n\t"), "a\\\\b\\n\\t");
    EXPECT_EQ(printable(std::string_view{"\0\x7f", 2}), "\\x00\\x7f");
    EXPECT_EQ(printable("\xc3\xa9 \xe7\xaa\x97 \xf0\x9f\x8e\xb5"),
              "\xc3\xa9 \xe7\xaa\x97 \xf0\x9f\x8e\xb5");
}

TEST(printable, escapes_what_is_not_well_formed_utf8) {
    EXPECT_EQ(printable("\xc3"), "\\xc3") << "cut short";
    EXPECT_EQ(printable("\xc3("), "\\xc3(") << "no continuation";
    EXPECT_EQ(printable("\xc0\xaf"), "\\xc0\\xaf") << "overlong";
    EXPECT_EQ(printable("\xe0\x80\x80"), "\\xe0\\x80\\x80") << "overlong";
    EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80") << "a surrogate";
    EXPECT_EQ(printable("\xf0\x80\x80\x80"), "\\xf0\\x80\\x80\\x80") << "overlong";
    EXPECT_EQ(printable("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80") << "beyond U+10FFFF";
    EXPECT_EQ(printable("\xc2\x85"), "\\xc2\\x85") << "a C1 control";
}

TEST(printable, is_injective_and_free_of_controls) {
    const auto law = [](const std::string& bytes) {
        const auto text = printable(bytes);
        RC_ASSERT(unescaped(text) == bytes);
        for (const char c : text) RC_ASSERT(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
    };
    testing::law("no two byte strings print alike", law);
    testing::law("nor those made of escapes and UTF-8", [&] {
        const auto piece = rc::gen::element<std::string>("\\", "x", "n", "0a", "\n", "\xc3", "\xa9",
                                                         "\xe7\xaa\x97", "\xed", "\xc2\x80");
        std::string bytes;
        for (const auto& p : *rc::gen::container<std::vector<std::string>>(piece)) bytes += p;
        law(bytes);
    });
}

}  // namespace
}  // namespace casement::error_test
