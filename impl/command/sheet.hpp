#pragma once
// What the commands that look at or change one store share: opening and closing it around their
// work, and an answer of many facts that reads well to people and to programs. One thread.

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "command.hpp"
#include "engines.hpp"

namespace casement::command {

/// Opens the store, calls `work(vault&)`, closes the store; answers the exit code. What `work`
/// holds of the vault dies before the close.
template <class Work>
int with_store(const settings& common, const std::string& path, Work work) {
    auto opened = vault::open(path, opened_for(common.durable));
    if (!opened) return failed(common, opened.error());
    const result<void> done = work(*opened);
    const result<void> closed = opened->close();
    if (!done) return failed(common, done.error());
    if (!closed) return failed(common, closed.error());
    return exit_ok;
}

/// A command that works on an open store: `work(settings, options, vault)` answers a
/// `result<void>`. `Options` has the path of the store, and what the options hold that the caller
/// adds.
template <class Options, class Work>
std::pair<CLI::App*, Options&> add_store_command(CLI::App& app, settings& common,
                                                 const std::string& name,
                                                 const std::string& description,
                                                 const std::string& example, Work work) {
    const auto o = std::make_shared<Options>();
    auto* command = add_command(app, common, name, description, example);
    add_store(command, o->store);
    command->callback([&common, o, work] {
        common.run = [&common, o, work] {
            return with_store(common, o->store, [&](vault& v) { return work(common, *o, v); });
        };
    });
    return {command, *o};
}

/// Ctrl-C has come: what was shown or done until then stands.
[[nodiscard]] inline result<void> unless_stopped(std::string operation, std::string_view subject) {
    if (!stop_requested()) return {};
    return fail(errc::cancelled, std::move(operation), std::string{subject}, "stopped as asked");
}

/// The same facts as one document for programs and as lines for people, in the order they were
/// added.
class sheet {
public:
    /// `text` is what people read of `value`; the value itself where it is empty.
    void add(const std::string& key, json value, std::string text = {}) {
        if (text.empty()) text = value.is_string() ? value.get<std::string>() : value.dump();
        document_[key] = std::move(value);
        lines_.emplace_back(key, std::move(text));
    }

    /// In nanoseconds for programs, who add "_ns" to the key.
    void add_time(const std::string& key, timestamp t) {
        document_[key + "_ns"] = t.ns;
        lines_.emplace_back(key, human_time(t));
    }

    void add_name(const std::string& key, std::string_view bytes) {
        put_name(document_, key, bytes);
        lines_.emplace_back(key, printable(bytes));
    }

    void print(const settings& common) const {
        if (common.as_json) return command::print(document_);
        for (const auto& [key, text] : lines_) print_line(fmt::format("{:<15} {}", key, text));
    }

private:
    json document_;
    std::vector<std::pair<std::string, std::string>> lines_;
};

}  // namespace casement::command
