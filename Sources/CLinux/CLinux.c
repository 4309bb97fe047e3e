#define _GNU_SOURCE
#include "CLinux.h"
#include <pthread.h>
#include <spawn.h>
#include <sys/eventfd.h>

int clinux_wake_make(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }
void clinux_wake_signal(int fd) { eventfd_write(fd, 1); }
void clinux_wake_drain(int fd) { eventfd_t v; eventfd_read(fd, &v); }
void clinux_name_thread(const char *name) { pthread_setname_np(pthread_self(), name); }
int clinux_spawn_confine(posix_spawn_file_actions_t *actions, const char *folder) {
  int code = posix_spawn_file_actions_addclosefrom_np(actions, 3);
  return code ? code : posix_spawn_file_actions_addchdir_np(actions, folder);
}
