/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>

#include "base/own.h"
#include "edge/store_inside.h"
#include "edge/store_machine.h"

#define ENTRY_MAGIC 0x31656b70u    /* "pke1" */
#define SNAPSHOT_MAGIC 0x31736b70u /* "pks1" */

/* An entry as it lies in the log: its true length (the library wants multiples of 8), and the term
 * in which it was proposed, which is the term of its entry. */
struct entry_header {
	uint32_t magic, len;
	uint64_t term;
};

struct snapshot_header {
	uint32_t magic, reserved;
	uint64_t index, term, len;
};

static size_t padded(size_t len)
{
	return (len + 7) & ~(size_t)7;
}

void store_entry_encode(const void *data, size_t len, struct raft_buffer *ret)
{
	struct entry_header header = { .magic = ENTRY_MAGIC, .len = (uint32_t)len };

	ret->len = sizeof(header) + padded(len);
	ret->base = own_alloc(ret->len); /* the library frees it with free() */
	memcpy(ret->base, &header, sizeof(header));
	memcpy((uint8_t *)ret->base + sizeof(header), data, len);
}

void store_entry_stamp(struct raft_buffer *buffer, uint64_t term)
{
	((struct entry_header *)buffer->base)->term = term;
}

static int machine_apply(struct raft_fsm *fsm, const struct raft_buffer *buffer, void **result)
{
	struct store *store = fsm->data;
	const struct entry_header *header = buffer->base;
	uint64_t index = raft_last_applied(&store->raft) + 1;
	const void *data = header + 1;
	struct note *note;

	*result = NULL;
	if (buffer->len < sizeof(*header) || header->magic != ENTRY_MAGIC ||
		header->len > buffer->len - sizeof(*header))
		store_park(store, "the log", "holds an entry that is not ours");
	store->machine_term = header->term;
	store->machine->apply(store->state, index, header->term, data, header->len);
	note = note_new(NOTE_COMMIT, data, header->len);
	note->index = index;
	note->term = header->term;
	store_tell(store, note);
	return 0;
}

static int machine_snapshot(struct raft_fsm *fsm, struct raft_buffer *ret[], unsigned *ret_n)
{
	struct store *store = fsm->data;
	struct snapshot_header header = {
		.magic = SNAPSHOT_MAGIC,
		.index = raft_last_applied(&store->raft),
		.term = store->machine_term,
	};
	owned(free) void *data = NULL;
	struct raft_buffer *buffer;
	size_t len;

	if (store->machine->snapshot(store->state, &data, &len))
		return RAFT_NOMEM;
	header.len = len;
	buffer = own_new(struct raft_buffer);
	buffer->len = sizeof(header) + padded(len);
	buffer->base = own_alloc(buffer->len);
	memcpy(buffer->base, &header, sizeof(header));
	memcpy((uint8_t *)buffer->base + sizeof(header), data, len);
	*ret = buffer;
	*ret_n = 1;
	return 0;
}

static int machine_restore(struct raft_fsm *fsm, struct raft_buffer *buffer)
{
	struct store *store = fsm->data;
	const struct snapshot_header *header = buffer->base;
	struct note *note;

	if (buffer->len < sizeof(*header) || header->magic != SNAPSHOT_MAGIC ||
		header->len > buffer->len - sizeof(*header) ||
		store->machine->restore(store->state, header + 1, header->len))
		return RAFT_CORRUPT;
	store->machine_term = header->term;
	note = note_new(NOTE_RESTORE, header + 1, header->len);
	note->index = header->index;
	note->term = header->term;
	store_tell(store, note);
	raft_free(buffer->base);
	return 0;
}

void store_machine_attach(struct store *store)
{
	store->state = store->machine->machine_new();
	store->fsm = (struct raft_fsm){
		.version = 1,
		.data = store,
		.apply = machine_apply,
		.snapshot = machine_snapshot,
		.restore = machine_restore,
	};
}
