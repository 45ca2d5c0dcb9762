/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include <criterion/criterion.h>

#include "base/file.h"
#include "base/own.h"

static char dir[] = "/tmp/picket-file-XXXXXX";

static void setup(void)
{
	cr_assert(mkdtemp(dir));
}

static void teardown(void)
{
	owned(free) char *command = own_printf("rm -rf %s", dir);

	cr_assert_eq(system(command), 0);
}

Test(file, written_whole_with_its_mode, .init = setup, .fini = teardown)
{
	owned(free) char *path = own_printf("%s/a", dir), *data = NULL;
	size_t len = 0, entries = 0;
	struct stat st;
	DIR *d;

	cr_assert_eq(file_write(path, 0600, "one", 3), 0);
	cr_assert_eq(file_write(path, 0640, "three", 5), 0);
	cr_assert_eq(file_read(path, 5, &data, &len), 0);
	cr_assert_str_eq(data, "three");
	cr_assert_eq(len, 5);
	cr_assert_eq(stat(path, &st), 0);
	cr_assert_eq(st.st_mode & 0777, 0640);
	d = opendir(dir);
	while (readdir(d))
		entries++;
	closedir(d);
	cr_assert_eq(entries, 3, "nothing is left beside it");
}

Test(file, a_failed_read_leaves_ret_alone, .init = setup, .fini = teardown)
{
	owned(free) char *path = own_printf("%s/a", dir);
	char *data = NULL;
	size_t len = 7;

	cr_assert_eq(file_read(path, 10, &data, &len), -ENOENT);
	cr_assert_eq(file_write(path, 0600, "12345", 5), 0);
	cr_assert_eq(file_read(path, 4, &data, &len), -EFBIG);
	cr_assert_null(data);
	cr_assert_eq(len, 7);
}

Test(file, folders, .init = setup, .fini = teardown)
{
	owned(free) char *deep = own_printf("%s/x/y/z", dir), *file = own_printf("%s/x/f", dir);

	cr_assert_eq(file_folder(deep, 0700), 0);
	cr_assert_eq(file_folder(deep, 0700), 0);
	cr_assert_eq(file_write(file, 0600, "", 0), 0);
	cr_assert_eq(file_folder(file, 0700), -ENOTDIR);
	free(deep);
	deep = own_printf("%s/x/f/z", dir);
	cr_assert_eq(file_folder(deep, 0700), -ENOTDIR);
}
