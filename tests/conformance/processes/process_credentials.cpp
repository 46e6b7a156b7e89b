// What processes may change of their own rights: ids, groups, capabilities, the root directory. The
// results differ for root and for others; a replay repeats them.
#include <grp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/capability.h>

#include "observe.h"

namespace {
template <class Work>
void in_child(const char* what, Work work) {
  std::fflush(stdout);
  const pid_t child = fork();
  if (child == 0) {
    std::printf("%s:", what);
    work();
    std::printf("\n");
    std::fflush(stdout);
    _exit(0);
  }
  int status = 0;
  OBSERVE(waitpid(child, &status, 0) == child && status == 0);
}

void show(const char* call, long result) {
  std::printf(" %s=%ld%s%s", call, result, result < 0 ? " " : "",
              result < 0 ? strerrorname_np(errno) : "");
}

void show_ids() {
  uid_t real, effective, saved;
  OBSERVE(getresuid(&real, &effective, &saved) == 0);
  std::printf(" [%s %s %s]", real ? "user" : "root", effective ? "user" : "root",
              saved ? "user" : "root");
}
}  // namespace

int main() {
  in_child("setuid", [] {
    show("setgroups", setgroups(0, nullptr));
    show("setgid", setgid(65534));
    show("setuid", setuid(65534));
    show_ids();
    show("back", setuid(0));
    gid_t groups[64];
    show("getgroups", getgroups(64, groups));
  });
  in_child("seteuid", [] {
    show("seteuid", seteuid(65534));
    show_ids();
    show("kill init", kill(1, 0));
    show("back", seteuid(getuid()));
    show_ids();
    show("setreuid", setreuid(65534, getuid()));
    show("setfsuid", syscall(SYS_setfsuid, -1));
  });
  in_child("capabilities", [] {
    __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct data[2] = {};
    show("capget", syscall(SYS_capget, &header, data));
    std::printf(" (%s)", data[0].effective ? "some" : "none");
    data[0] = data[1] = {};
    show("capset", syscall(SYS_capset, &header, data));
    show("chown", chown("/", 0, 0));
    show("bounding", prctl(PR_CAPBSET_READ, CAP_CHOWN));
    show("drop", prctl(PR_CAPBSET_DROP, CAP_CHOWN));
    header.version = 1;
    show("version", syscall(SYS_capget, &header, nullptr));
    std::printf(" %x", header.version);
  });
  in_child("chroot", [] {
    show("chroot", chroot("/proc"));
    show("open", access("/self/maps", R_OK));
    show("chdir", chdir("/"));
  });
  in_child("umask", [] {
    std::printf(" %03o", umask(0077));
    std::printf(" %03o", umask(0022));
  });
  in_child("priorities", [] {
    show("nice", nice(3));
    show("getpriority", getpriority(PRIO_PROCESS, 0));
    show("setpriority", setpriority(PRIO_PROCESS, 0, -1));
    show("ioprio", syscall(SYS_ioprio_get, 1, 0));
  });
}
