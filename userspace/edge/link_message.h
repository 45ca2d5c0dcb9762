/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Link message: what both ends of a link do alike: a JSON object in a frame, and the key. */
#ifndef EDGE_LINK_MESSAGE_H
#define EDGE_LINK_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "edge/link.h"

struct transport;

/* NULL: not a JSON object, or one with a key twice. */
json_t *link_message_load(const uint8_t *data, size_t len);
/* -EMSGSIZE, or as transport_write(). */
int link_message_write(struct transport *transport, json_t *message);
int link_message_key(struct transport *transport, uint32_t epoch, uint8_t ret[LINK_KEY_LEN]);

#endif
