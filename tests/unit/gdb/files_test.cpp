#include "gdb/files.h"

#include <gtest/gtest.h>

#include "fake_target.h"
#include "gdb/packets.h"

namespace ttrace::gdb {
namespace {

std::string open_request(std::string_view path, std::string_view flags = "0") {
  return "open:" + to_hex(path) + "," + std::string(flags) + ",1c0";
}

TEST(Files, AreReadInPieces) {
  const FakeTarget target;
  FileServer files(target);
  EXPECT_EQ(files.answer("setfs:0"), "F0");
  EXPECT_EQ(files.answer(open_request("/bin/guest")), "F0");
  EXPECT_EQ(files.answer("pread:0,8,0"), "F8;contents");
  EXPECT_EQ(files.answer("pread:0,1000,8"), "F13; with $#}* and more");
  EXPECT_EQ(files.answer("pread:0,10,1000"), "F0;");
  EXPECT_EQ(files.answer("close:0"), "F0");
  EXPECT_EQ(files.answer("pread:0,8,0"), "F-1,9");
}

TEST(Files, TellTheirSize) {
  const FakeTarget target;
  FileServer files(target);
  files.answer(open_request("/bin/guest"));
  const std::string reply = files.answer("fstat:0");
  ASSERT_EQ(reply.substr(0, 4), "F40;");
  ASSERT_EQ(reply.size(), 4 + 64U);
  EXPECT_EQ(to_hex(reply.substr(4 + 28, 8)), "000000000000001b");
}

TEST(Files, OnlyThoseOfTheRecordingExist) {
  const FakeTarget target;
  FileServer files(target);
  EXPECT_EQ(files.answer(open_request("/etc/passwd")), "F-1,2");
  EXPECT_EQ(files.answer("readlink:" + to_hex(std::string_view("/proc/self/exe"))), "F-1,2");
  EXPECT_EQ(files.answer("readlink:" + to_hex(std::string_view("/bin/guest"))), "F-1,16");
}

TEST(Files, AreNeverWritten) {
  const FakeTarget target;
  FileServer files(target);
  EXPECT_EQ(files.answer(open_request("/bin/guest", "1")), "F-1,1e");
  EXPECT_EQ(files.answer(open_request("/bin/guest", "602")), "F-1,1e");
  EXPECT_EQ(files.answer("pwrite:0,0,x"), "F-1,1e");
  EXPECT_EQ(files.answer("unlink:2f"), "F-1,1e");
}

TEST(Files, MalformedRequestsAreRefused) {
  const FakeTarget target;
  FileServer files(target);
  for (const char* bad :
       {"open:", "open:2", "open:zz,0,0", "pread:", "pread:0,1", "pread:ffffffffff,1,0",
        "pread:0,1,ffffffffffffffff", "fstat:", "close:", "close:7"}) {
    EXPECT_TRUE(files.answer(bad).starts_with("F-1,")) << bad;
  }
  EXPECT_EQ(files.answer("stat:2f"), "");
}

TEST(Files, OpenAtOnceAreBounded) {
  const FakeTarget target;
  FileServer files(target);
  for (int i = 0; i < 256; ++i) files.answer(open_request("/bin/guest"));
  EXPECT_EQ(files.answer(open_request("/bin/guest")), "F-1,18");
  EXPECT_EQ(files.answer("close:10"), "F0");
  EXPECT_EQ(files.answer(open_request("/bin/guest")), "F10");
}

}  // namespace
}  // namespace ttrace::gdb
