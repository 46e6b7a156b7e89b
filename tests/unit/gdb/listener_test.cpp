#include "gdb/listener.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cstdlib>
#include <string>

#include "base/error.h"

namespace ttrace::gdb {
namespace {

std::string fresh_directory() {
  std::string path = testing::TempDir() + "ttrace-XXXXXX";
  EXPECT_NE(::mkdtemp(path.data()), nullptr);
  return path;
}

TEST(Addresses, AreLoopbackOrAPath) {
  EXPECT_EQ(parse_address("1234").port, 1234);
  EXPECT_EQ(parse_address(":1234").port, 1234);
  EXPECT_EQ(parse_address("localhost:0").port, 0);
  EXPECT_EQ(parse_address("127.0.0.1:65535").port, 65535);
  EXPECT_EQ(parse_address("unix:/a/b").path, "/a/b");
  for (const char* bad : {"", ":", "0.0.0.0:1", "192.168.0.1:99", "host:1", "65536", "-1", "12x"}) {
    EXPECT_THROW(parse_address(bad), UsageError) << bad;
  }
}

TEST(Listener, RefusesPathsThatItCannotHave) {
  EXPECT_THROW(Listener({std::string(200, 'a'), 0}), UsageError);
  EXPECT_THROW(Listener({"/nowhere/at/all", 0}), UsageError);
}

TEST(Listener, LeavesNoPathBehind) {
  const std::string directory = fresh_directory();
  const std::string path = directory + "/s";
  {
    Listener listener({path, 0});
    struct stat st {};
    ASSERT_EQ(::stat(path.c_str(), &st), 0);
    EXPECT_EQ(st.st_mode & 0777, 0600U);
    EXPECT_THROW(Listener({path, 0}), UsageError);
  }
  EXPECT_EQ(::rmdir(directory.c_str()), 0);
}

TEST(Listener, AcceptsAClient) {
  const std::string directory = fresh_directory();
  const std::string path = directory + "/s";
  {
    Listener listener({path, 0});
    const Fd client(::socket(AF_UNIX, SOCK_STREAM, 0));
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    path.copy(name.sun_path, path.size());
    auto* address = reinterpret_cast<sockaddr*>(&name);
    ASSERT_EQ(::connect(client.value(), address, sizeof name), 0);
    EXPECT_TRUE(listener.accept());
  }
  EXPECT_EQ(::rmdir(directory.c_str()), 0);
}

TEST(Listener, StopsWaitingWhenTold) {
  const std::string directory = fresh_directory();
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const Fd in(ends[0]);
  Fd out(ends[1]);
  out.reset();
  {
    Listener listener({directory + "/s", 0});
    EXPECT_FALSE(listener.accept(in.value()));
  }
  EXPECT_EQ(::rmdir(directory.c_str()), 0);
}

}  // namespace
}  // namespace ttrace::gdb
