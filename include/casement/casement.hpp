#pragma once
// The umbrella: machines, the protocols that come with Casement, and guarded commits over any
// store. It brings no engine and no disk; casement/vault.hpp and casement/engine/ do. Nothing here
// has state: what may be called from where, each header says.

#include <casement/core/assert.hpp>
#include <casement/core/clock.hpp>
#include <casement/core/codec.hpp>
#include <casement/core/error.hpp>
#include <casement/core/hash.hpp>
#include <casement/core/name.hpp>
#include <casement/core/reflect.hpp>
#include <casement/core/strong.hpp>
#include <casement/kv/client.hpp>
#include <casement/kv/clocks.hpp>
#include <casement/kv/id_blocks.hpp>
#include <casement/kv/memory.hpp>
#include <casement/kv/operation.hpp>
#include <casement/kv/retry.hpp>
#include <casement/kv/row.hpp>
#include <casement/kv/store.hpp>
#include <casement/kv/transaction.hpp>
#include <casement/machine/apply.hpp>
#include <casement/machine/check.hpp>
#include <casement/machine/draw.hpp>
#include <casement/machine/guard.hpp>
#include <casement/machine/machine.hpp>
#include <casement/machine/step.hpp>
#include <casement/machine/types.hpp>
#include <casement/protocol/blob.hpp>
#include <casement/protocol/dentry.hpp>
#include <casement/protocol/directory.hpp>
#include <casement/protocol/file.hpp>
#include <casement/protocol/ids.hpp>
#include <casement/protocol/lease.hpp>
#include <casement/protocol/staging.hpp>
