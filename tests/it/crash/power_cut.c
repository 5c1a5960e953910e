/* A disk that forgets, in a power cut, what was not synced.
 *
 * Loaded before the C library (LD_PRELOAD). Writes go where they always go. When a file of the store
 * has been synced, its content is copied into POWER_CUT_DISK, by a rename, so that a copy is whole or
 * absent: that folder holds at every moment what a disk without its caches would hold. A test kills
 * the process and puts these files in the place of the others.
 *
 * POWER_CUT_STORE names the database; its log and journal begin with the same name. A name that ends
 * in POWER_CUT_IGNORED is never copied: as if nobody had asked to sync it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The name on the disk that forgets of a file of the store; 0 for any other file. */
static int on_disk(const char *path, char *copy) {
  const char *store = getenv("POWER_CUT_STORE"), *disk = getenv("POWER_CUT_DISK");
  const char *ignored = getenv("POWER_CUT_IGNORED");
  size_t length = strlen(path);
  if (!store || !disk || strncmp(path, store, strlen(store)) != 0) return 0;
  if (ignored && *ignored && length >= strlen(ignored) &&
      strcmp(path + length - strlen(ignored), ignored) == 0)
    return 0;
  return snprintf(copy, PATH_MAX, "%s/%s", disk, strrchr(path, '/') + 1) < PATH_MAX;
}

static void keep(int fd) {
  char link[64], path[PATH_MAX], copy[PATH_MAX], part[PATH_MAX + 8];
  static char buffer[1 << 16];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length <= 0) return;
  path[length] = 0;
  if (!on_disk(path, copy)) return;
  snprintf(part, sizeof part, "%s.part", copy);
  int from = open(path, O_RDONLY | O_CLOEXEC);
  int to = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (from < 0 || to < 0) abort();
  for (ssize_t count; (count = read(from, buffer, sizeof buffer)) != 0;)
    if (count < 0 || write(to, buffer, (size_t)count) != count) abort();
  close(from);
  close(to);
  if (rename(part, copy) != 0) abort();
}

static int sync_with(const char *name, int fd) {
  int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
  int result = real(fd);
  if (result == 0) keep(fd);
  return result;
}

int fsync(int fd) { return sync_with("fsync", fd); }

int fdatasync(int fd) { return sync_with("fdatasync", fd); }

int unlink(const char *path) {
  int (*real)(const char *) = (int (*)(const char *))dlsym(RTLD_NEXT, "unlink");
  char copy[PATH_MAX];
  int result = real(path);
  if (result == 0 && on_disk(path, copy)) real(copy);
  return result;
}
