#pragma once
// The engines that this program opens stores with, beside the embedded one. Secrets come from the
// environment, for a command line is seen by all: CASEMENT_ETCD_USER, CASEMENT_ETCD_PASSWORD, and
// CASEMENT_ETCD_CA, CASEMENT_ETCD_CERT and CASEMENT_ETCD_KEY, which name PEM files.

#include <vector>

#include <casement/engine/opener.hpp>
#include <casement/vault.hpp>

namespace casement::command {

[[nodiscard]] std::vector<engine::opener> engines();

/// As a vault is opened by a command.
[[nodiscard]] vault_options opened_for(engine::durability durable = engine::durability::power);

}  // namespace casement::command
