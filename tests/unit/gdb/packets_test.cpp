#include "gdb/packets.h"

#include <gtest/gtest.h>

#include <random>

namespace ttrace::gdb {
namespace {

using Kind = Incoming::Kind;

std::vector<Incoming> decode(std::string_view bytes) {
  PacketDecoder decoder;
  decoder.feed(bytes);
  std::vector<Incoming> all;
  while (auto one = decoder.next()) all.push_back(*one);
  return all;
}

TEST(Packets, AreFramedWithTheirChecksum) {
  EXPECT_EQ(frame_packet("OK"), "$OK#9a");
  EXPECT_EQ(frame_packet(""), "$#00");
}

TEST(Packets, EscapeWhatIsSpecialOnTheLine) {
  EXPECT_EQ(frame_packet("a$"), "$a}\x04#e2");
  std::string all;
  for (int i = 0; i < 256; ++i) all.push_back(char(i));
  const auto decoded = decode(frame_packet(all));
  ASSERT_EQ(decoded.size(), 1U);
  EXPECT_EQ(decoded[0].payload, all);
}

TEST(Packets, AreTakenApart) {
  const auto all = decode("+$OK#9a-\x03$OK#9b$m1,2#5d");
  ASSERT_EQ(all.size(), 6U);
  EXPECT_EQ(all[0].kind, Kind::ack);
  EXPECT_EQ(all[1].kind, Kind::packet);
  EXPECT_EQ(all[1].payload, "OK");
  EXPECT_EQ(all[2].kind, Kind::nak);
  EXPECT_EQ(all[3].kind, Kind::interrupt);
  EXPECT_EQ(all[4].kind, Kind::damaged);
  // 'm' 6d + '1' 31 + ',' 2c + '2' 32 = fc
  EXPECT_EQ(all[5].kind, Kind::damaged);
}

TEST(Packets, ArriveInPieces) {
  const std::string line = frame_packet("vCont;c");
  PacketDecoder decoder;
  for (std::size_t i = 0; i + 1 < line.size(); ++i) {
    decoder.feed(line.substr(i, 1));
    EXPECT_FALSE(decoder.next()) << i;
  }
  decoder.feed(line.substr(line.size() - 1));
  const auto packet = decoder.next();
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->payload, "vCont;c");
}

TEST(Packets, GarbageAroundThemIsDropped) {
  const auto all = decode("garbage\xff$OK#9a#zz$lost$OK#9a");
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].payload, "OK");
  EXPECT_EQ(all[1].kind, Kind::damaged);
  EXPECT_EQ(all[2].payload, "OK");
}

TEST(Packets, ChecksumsAreNotComparedWhenTheLineIsTrusted) {
  PacketDecoder decoder;
  decoder.set_verify(false);
  decoder.feed("$OK#00");
  const auto packet = decoder.next();
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->kind, Kind::packet);
}

TEST(Packets, OneThatIsTooLongIsDroppedToItsEnd) {
  PacketDecoder decoder;
  decoder.feed("$");
  const std::string piece(kPacketSize, 'a');
  for (int i = 0; i < 10; ++i) {
    decoder.feed(piece);
    EXPECT_FALSE(decoder.next());
  }
  decoder.feed("#00$OK#9a");
  EXPECT_EQ(decoder.next()->kind, Kind::damaged);
  EXPECT_EQ(decoder.next()->payload, "OK");
  EXPECT_FALSE(decoder.next());
}

TEST(Packets, AnInterruptIsTakenOnlyBetweenPackets) {
  PacketDecoder decoder;
  decoder.feed("+\x03");
  EXPECT_TRUE(decoder.take_interrupt());
  decoder.feed("$OK#9a\x03");
  EXPECT_FALSE(decoder.take_interrupt());
  EXPECT_EQ(decoder.next()->payload, "OK");
  EXPECT_TRUE(decoder.take_interrupt());
}

TEST(Packets, RandomBytesDoNoHarm) {
  std::mt19937 random(1);
  const std::string alphabet = "$#}+-\x03*abz0123456789;:,";
  PacketDecoder decoder;
  for (int round = 0; round < 20000; ++round) {
    std::string bytes;
    for (unsigned i = random() % 16; i > 0; --i) bytes += alphabet[random() % alphabet.size()];
    decoder.feed(bytes);
    while (decoder.next()) {
    }
    if (round % 7 == 0) decoder.take_interrupt();
  }
  decoder.feed("#00$OK#9a");
  std::string last;
  while (auto one = decoder.next()) last = one->payload;
  EXPECT_EQ(last, "OK");
}

TEST(Fields, AreReadFromLeftToRight) {
  FieldReader in("1f,abc:rest");
  EXPECT_EQ(in.hex(), 0x1fU);
  EXPECT_FALSE(in.take(';'));
  EXPECT_TRUE(in.take(','));
  EXPECT_EQ(in.until(':'), "abc");
  EXPECT_EQ(in.until(':'), "rest");
  EXPECT_TRUE(in.at_end());
  EXPECT_FALSE(in.hex());
}

TEST(Fields, NumbersHaveAtMostSixteenDigits) {
  EXPECT_EQ(FieldReader("ffffffffffffffff").hex(), ~std::uint64_t(0));
  EXPECT_FALSE(FieldReader("10000000000000000").hex());
}

TEST(Hex, GoesThereAndBack) {
  EXPECT_EQ(to_hex(std::string_view("az\xff")), "617aff");
  EXPECT_EQ(from_hex("617aFF"), "az\xff");
  EXPECT_FALSE(from_hex("6"));
  EXPECT_FALSE(from_hex("6g"));
  EXPECT_EQ(hex_number(0), "0");
  EXPECT_EQ(hex_number(0x1c0), "1c0");
}

}  // namespace
}  // namespace ttrace::gdb
