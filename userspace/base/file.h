/* SPDX-License-Identifier: GPL-2.0-or-later */
/* File: read whole, written whole and durable or not at all. */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stddef.h>
#include <sys/types.h>

/* *ret is NUL-terminated beyond *ret_len; free(). -EFBIG: more than max bytes; else as open(). */
int file_read(const char *path, size_t max, char **ret, size_t *ret_len);
/* Written beside, synced, renamed into place, folder synced. */
int file_write(const char *path, mode_t mode, const void *data, size_t len);
/* mkdir -p; 0 when it exists already. */
int file_folder(const char *path, mode_t mode);

#endif
