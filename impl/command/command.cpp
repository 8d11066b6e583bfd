#include "command.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <ctime>

namespace casement::command {

CLI::App* add_command(CLI::App& app, settings& common, const std::string& name,
                      const std::string& description, const std::string& example) {
    auto* command = app.add_subcommand(name, description);
    command->footer("Example:\n  " + example);
    command->add_flag("--json", common.as_json, "Answer in JSON, one document a line");
    return command;
}

void add_store(CLI::App* command, std::string& store) {
    command->add_option("STORE", store, "The store's directory")->required();
}

CLI::Validator whole_number() {
    const auto check = [](const std::string& text) -> std::string {
        std::uint64_t number = 0;
        const auto [end, why] = std::from_chars(text.data(), text.data() + text.size(), number);
        const bool whole = why == std::errc{} && end == text.data() + text.size();
        return whole ? "" : "'" + printable(text) + "' is no number from 0 to 2^64 - 1";
    };
    return {check, "NUMBER", "whole number"};
}

int exit_code_of(const error& e) {
    switch (e.code()) {
        case errc::bad_name: return exit_usage;
        case errc::exists:
        case errc::not_found:
        case errc::not_empty:
        case errc::not_a_directory:
        case errc::is_a_directory:
        case errc::illegal:
        case errc::too_deep:
        case errc::loop:
        case errc::unsupported: return exit_no;
        default: return exit_failed;
    }
}

int failed(const settings& common, const error& e) {
    if (common.as_json) print({{"error", to_json(e)}});
    say(e.message());
    return exit_code_of(e);
}

void write_to(std::FILE* stream, std::string_view text) {
    (void)std::fwrite(text.data(), 1, text.size(), stream);
}

void say(std::string_view text) { write_to(stderr, fmt::format("casement: {}\n", text)); }

void warn(const std::string& text) { say("warning: " + text); }

void print(const json& document) { print_line(document.dump()); }

void print_line(std::string_view line) { write_to(stdout, fmt::format("{}\n", line)); }

void put_name(json& into, const std::string& key, std::string_view bytes) {
    const std::string text = printable(bytes);
    into[key] = text;
    if (text == bytes) return;
    std::string hex;
    for (const char c : bytes) hex += fmt::format("{:02x}", static_cast<unsigned char>(c));
    into[key + "_hex"] = hex;
}

json to_json(const error& e) {
    json causes = json::array();
    for (const auto& c : e.causes()) {
        json one{{"operation", c.operation}};
        put_name(one, "subject", c.subject);
        if (!c.detail.empty()) put_name(one, "detail", c.detail);
        if (c.system != 0) one["errno"] = c.system;
        causes.push_back(std::move(one));
    }
    return {{"code", name_of(e.code())}, {"message", e.message()}, {"causes", std::move(causes)}};
}

std::string human_bytes(std::uint64_t bytes) {
    static constexpr std::array units{"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
    if (bytes < 1024) return fmt::format("{} B", bytes);
    auto amount = static_cast<double>(bytes);
    std::size_t unit = 0;
    for (; amount >= 1024 && unit + 1 < units.size(); ++unit) amount /= 1024;
    return fmt::format("{:.1f} {}", amount, units[unit]);
}

std::string human_time(timestamp t) {
    constexpr std::int64_t second = 1'000'000'000;
    std::int64_t whole = t.ns / second, rest = t.ns % second;
    if (rest < 0) {
        rest += second;
        --whole;
    }
    const std::time_t seconds = whole;
    std::tm parts{};
    if (::localtime_r(&seconds, &parts) == nullptr) return fmt::format("@{}", whole);
    std::array<char, 32> text{};
    const auto n = std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S", &parts);
    return fmt::format("{}.{:09}", std::string_view{text.data(), n}, rest);
}

std::string human_mode(char kind, std::uint32_t mode) {
    std::string text{kind};
    for (int shift = 6; shift >= 0; shift -= 3) {
        const auto bits = mode >> shift & 7;
        text += bits & 4 ? 'r' : '-';
        text += bits & 2 ? 'w' : '-';
        text += bits & 1 ? 'x' : '-';
    }
    if (mode & 04000) text[3] = text[3] == 'x' ? 's' : 'S';
    if (mode & 02000) text[6] = text[6] == 'x' ? 's' : 'S';
    if (mode & 01000) text[9] = text[9] == 'x' ? 't' : 'T';
    return text;
}

namespace {

volatile std::sig_atomic_t asked_to_stop = 0;

extern "C" void ask_to_stop(int) { asked_to_stop = 1; }

void listen_to(int signal) {
    struct sigaction now {};
    if (::sigaction(signal, nullptr, &now) != 0 || now.sa_handler == SIG_IGN) return;
    struct sigaction how {};
    how.sa_handler = ask_to_stop;
    how.sa_flags = SA_RESETHAND;  // a second Ctrl-C ends the process at once
    ::sigaction(signal, &how, nullptr);
}

}  // namespace

bool stop_requested() {
    static const bool listens = (listen_to(SIGINT), listen_to(SIGTERM), true);
    return listens && asked_to_stop != 0;
}

}  // namespace casement::command
