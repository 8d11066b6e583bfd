// casement init: makes a store.

#include <fmt/format.h>

#include "command.hpp"

namespace casement::command {

void add_init(CLI::App& app, settings& common) {
    struct init_options {
        std::string store;
        blob::thresholds sizes;
    };
    auto o = std::make_shared<init_options>();
    auto* command =
        add_command(app, common, "init", "Make an empty store", "casement init my.store");
    add_store(command, o->store);
    command->add_option("--inline-max", o->sizes.inline_max, "Bytes of the largest blob in a row")
        ->capture_default_str()
        ->check(whole_number());
    command
        ->add_option("--dedicated-min", o->sizes.dedicated_min,
                     "Bytes of the smallest blob with a file of its own")
        ->capture_default_str()
        ->check(whole_number());
    command->add_option("--pack-max", o->sizes.pack_max, "Bytes of the longest pack")
        ->capture_default_str()
        ->check(whole_number());
    command->callback([o, &common] {
        common.run = [o, &common] {
            auto v = vault::create(o->store, {}, o->sizes);
            if (!v) return failed(common, v.error());
            if (auto closed = v->close(); !closed) return failed(common, closed.error());
            if (common.as_json) {
                json line{{"format", store_format}};
                put_name(line, "store", o->store);
                print(line);
            } else {
                print_line("made a store in " + printable(o->store));
            }
            return exit_ok;
        };
    });
}

}  // namespace casement::command
