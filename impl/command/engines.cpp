#include "engines.hpp"

#include <cstdlib>
#include <string>

#ifdef CASEMENT_HAS_ETCD
#include <casement/engine/etcd_address.hpp>
#endif

namespace casement::command {

#ifdef CASEMENT_HAS_ETCD
namespace {

std::string from_environment(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

}  // namespace

std::vector<engine::opener> engines() {
    engine::etcd_options how;
    how.user = from_environment("CASEMENT_ETCD_USER");
    how.password = from_environment("CASEMENT_ETCD_PASSWORD");
    if (auto authority = from_environment("CASEMENT_ETCD_CA"); !authority.empty())
        how.tls = {std::move(authority), from_environment("CASEMENT_ETCD_CERT"),
                   from_environment("CASEMENT_ETCD_KEY")};
    return {engine::etcd_opener(std::move(how))};
}
#else
std::vector<engine::opener> engines() { return {}; }
#endif

vault_options opened_for(engine::durability durable) {
    vault_options how;
    how.durable = durable;
    how.engines = engines();
    return how;
}

}  // namespace casement::command
