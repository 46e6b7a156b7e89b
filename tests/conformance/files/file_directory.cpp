// getdents through opendir and std::filesystem; stat, rename, link, symlink, access, chdir.
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <filesystem>

#include "temporary.h"

int main() {
  const char* parent = getenv("TMPDIR");
  std::string directory = std::string(parent ? parent : "/tmp") + "/guest-XXXXXX";
  OBSERVE(mkdtemp(directory.data()));
  OBSERVE(chdir(directory.c_str()) == 0);
  for (int i = 0; i < 300; ++i) {
    int fd = open(("file" + std::to_string(i)).c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    OBSERVE(fd >= 0 && close(fd) == 0);
  }
  OBSERVE(rename("file0", "renamed") == 0 && link("renamed", "hard") == 0);
  OBSERVE(symlink("hard", "soft") == 0 && mkdir("sub", 0700) == 0);
  struct stat info = {};
  OBSERVE(stat("soft", &info) == 0 && info.st_nlink == 2);
  OBSERVE(access("file0", F_OK) == -1 && errno == ENOENT);
  DIR* open_directory = opendir(".");
  OBSERVE(open_directory);
  int entries = 0;
  while (dirent* entry = readdir(open_directory)) {
    ++entries;
    std::printf("%s %lu %d\n", entry->d_name, static_cast<unsigned long>(entry->d_ino),
                entry->d_type);
  }
  OBSERVE(closedir(open_directory) == 0);
  OBSERVE(entries == 2 + 299 + 1 + 1 + 1 + 1);
  char where[4096];
  OBSERVE(getcwd(where, sizeof where));
  std::printf("%s inode %lu changed %ld.%ld\n", where, static_cast<unsigned long>(info.st_ino),
              info.st_mtim.tv_sec, info.st_mtim.tv_nsec);
  OBSERVE(chdir("/") == 0);
  std::uintmax_t removed = std::filesystem::remove_all(directory);
  OBSERVE(removed == 304);
}
