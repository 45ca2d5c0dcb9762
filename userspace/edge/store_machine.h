/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Store machine: entries and snapshots as they lie on the disk, between the library and the state.
 */
#ifndef EDGE_STORE_MACHINE_H
#define EDGE_STORE_MACHINE_H

#include <stddef.h>
#include <stdint.h>

#include <raft.h>

struct store;

void store_entry_encode(const void *data, size_t len, struct raft_buffer *ret);
void store_entry_stamp(struct raft_buffer *buffer, uint64_t term);
void store_machine_attach(struct store *store);

#endif
