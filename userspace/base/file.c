/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/own.h"

int file_read(const char *path, size_t max, char **ret, size_t *ret_len)
{
	owned(fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
	owned(free) char *data = NULL;
	size_t len = 0, cap = 0;
	struct stat st;
	ssize_t n;

	if (fd < 0)
		return -errno;
	/* Where the size is known, there is room for all from the beginning. */
	if (!fstat(fd, &st) && S_ISREG(st.st_mode) && st.st_size > 0 && (size_t)st.st_size <= max) {
		cap = (size_t)st.st_size + 8192;
		data = own_array(NULL, cap, 1);
	}
	for (;;) {
		if (cap - len < 4096) {
			cap = cap ? 2 * cap : 8192;
			data = own_array(data, cap, 1);
		}
		n = read(fd, data + len, cap - len - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		len += (size_t)n;
		if (len > max)
			return -EFBIG;
	}
	data[len] = '\0';
	*ret = give(data);
	*ret_len = len;
	return 0;
}

static int file_fill(int fd, mode_t mode, const char *data, size_t len)
{
	while (len) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		data += n;
		len -= (size_t)n;
	}
	return fchmod(fd, mode) || fsync(fd) ? -errno : 0;
}

int file_write(const char *path, mode_t mode, const void *data, size_t len)
{
	owned(free) char *beside = own_printf("%s.XXXXXX", path);
	owned(free) char *copy = own_string(path);
	owned(fd) int folder = -1;
	int fd, r;

	fd = mkostemp(beside, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = file_fill(fd, mode, data, len);
	if (close(fd) && !r)
		r = -errno;
	if (!r && rename(beside, path))
		r = -errno;
	if (r) {
		unlink(beside);
		return r;
	}
	folder = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return folder < 0 || fsync(folder) ? -errno : 0;
}

int file_folder(const char *path, mode_t mode)
{
	owned(free) char *part = own_string(path);
	struct stat st;

	for (char *p = part + 1; *part; p++) {
		bool end = !*p;

		if (*p != '/' && !end)
			continue;
		*p = '\0';
		if (mkdir(part, mode) && errno != EEXIST)
			return -errno;
		if (end)
			break;
		*p = '/';
	}
	if (stat(path, &st))
		return -errno;
	return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}
