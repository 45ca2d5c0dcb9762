/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>

#include <picket/limits.h>

#include "base/frame.h"
#include "base/own.h"
#include "edge/link_message.h"
#include "edge/transport.h"

json_t *link_message_load(const uint8_t *data, size_t len)
{
	json_error_t error;
	json_t *message = json_loadb((const char *)data, len, JSON_REJECT_DUPLICATES, &error);

	if (json_is_object(message))
		return message;
	json_decref(message);
	return NULL;
}

/* Header and text go as one write, so that they share a TLS record. */
int link_message_write(struct transport *transport, json_t *message)
{
	size_t len = json_dumpb(message, NULL, 0, JSON_COMPACT);
	owned(free) uint8_t *data = NULL;

	if (!len || len > PICKET_FRAME_MAX)
		return -EMSGSIZE;
	data = own_alloc(FRAME_HEADER + len);
	frame_header(data, len);
	json_dumpb(message, (char *)data + FRAME_HEADER, len, JSON_COMPACT);
	return transport_write(transport, data, FRAME_HEADER + len);
}

int link_message_key(struct transport *transport, uint32_t epoch, uint8_t ret[LINK_KEY_LEN])
{
	uint8_t context[4] = { (uint8_t)epoch, (uint8_t)(epoch >> 8), (uint8_t)(epoch >> 16),
		(uint8_t)(epoch >> 24) };

	return transport_export(
		transport, LINK_KEY_LABEL, context, sizeof(context), ret, LINK_KEY_LEN);
}
