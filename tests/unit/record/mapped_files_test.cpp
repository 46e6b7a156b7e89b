#include "record/mapped_files.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tracee/wake_timer.h"

namespace ttrace {
namespace {

TEST(MappedFiles, AreCopiedWholeThoughSignalsInterrupt) {
  // Younger than the recording: copied at once.
  const Fd file(memfd_create("young", MFD_CLOEXEC));
  ASSERT_EQ(write(file.value(), "all", 3), 3);
  const std::string link = "/proc/self/fd/" + std::to_string(file.value());
  const WakeTimer timer(std::chrono::milliseconds(1));
  for (int i = 0; i < 10000; ++i) {
    Recording recording;
    MappedFiles files(recording, nullptr, nullptr);
    struct stat info {};
    ASSERT_EQ(fstat(file.value(), &info), 0);
    files.note_changing(info);
    files.from_link(link, false);
    ASSERT_EQ(recording.objects().size(), 1u);
    ASSERT_EQ(lseek(recording.objects()[0].file.value(), 0, SEEK_END), 3) << "copy " << i;
  }
}

}  // namespace
}  // namespace ttrace
