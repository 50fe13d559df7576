//===- ScheduleTest.cpp - Learning rates over time ------------------------===//
//
// Part of Ravel, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ravel/Training/Schedule.h"
#include "TestSupport.h"
#include <cmath>

using namespace ravel;
using namespace ravel::test;
using llvm::StringRef;

static Schedule parse(StringRef text, double rate = 1) {
  return get(Schedule::parse(text, rate));
}
static std::string messageFor(StringRef text, double rate = 1) {
  return messageOf(Schedule::parse(text, rate));
}

TEST(Schedule, Constant) {
  Schedule schedule = parse("constant", 0.5);
  EXPECT_EQ(schedule.rate(0), 0.5);
  EXPECT_EQ(schedule.rate(1000000), 0.5);
}

TEST(Schedule, WarmsUp) {
  Schedule schedule = parse("constant:warmup=4", 2);
  EXPECT_EQ(schedule.rate(0), 0.5);
  EXPECT_EQ(schedule.rate(3), 2);
  EXPECT_EQ(schedule.rate(4), 2);
}

TEST(Schedule, Steps) {
  Schedule schedule = parse(" step : every = 10 , factor = 0.5 , min=0.2 ");
  EXPECT_EQ(schedule.rate(9), 1);
  EXPECT_EQ(schedule.rate(10), 0.5);
  EXPECT_EQ(schedule.rate(20), 0.25);
  EXPECT_EQ(schedule.rate(30), 0.2);
}

TEST(Schedule, Exponential) {
  Schedule schedule = parse("exponential:every=10,factor=0.25");
  EXPECT_DOUBLE_EQ(schedule.rate(5), 0.5);
  EXPECT_DOUBLE_EQ(schedule.rate(10), 0.25);
}

TEST(Schedule, Cosine) {
  Schedule schedule = parse("cosine:warmup=100,total=1100,min=1e-5", 1e-3);
  EXPECT_DOUBLE_EQ(schedule.rate(0), 1e-5);
  EXPECT_DOUBLE_EQ(schedule.rate(100), 1e-3);
  EXPECT_NEAR(schedule.rate(600), (1e-3 + 1e-5) / 2, 1e-12);
  EXPECT_NEAR(schedule.rate(1100), 1e-5, 1e-12);
  EXPECT_NEAR(schedule.rate(99999), 1e-5, 1e-12);
}

TEST(Schedule, Plateau) {
  Schedule schedule = parse("plateau:factor=0.5,patience=2,threshold=0.01");
  EXPECT_FALSE(schedule.observe(1.0));
  EXPECT_FALSE(schedule.observe(0.995)); // by less than 1%
  EXPECT_FALSE(schedule.observe(NAN));
  EXPECT_EQ(schedule.rate(0), 1);
  EXPECT_TRUE(schedule.observe(1.0));
  EXPECT_EQ(schedule.rate(0), 0.5);
  EXPECT_FALSE(schedule.observe(0.5));
  EXPECT_FALSE(schedule.observe(0.6));

  // The state survives a restart.
  Schedule other = parse("plateau:factor=0.5,patience=2,threshold=0.01");
  ASSERT_SUCCESS(other.restore(schedule.toJSON()));
  EXPECT_EQ(other.rate(0), 0.5);
  EXPECT_FALSE(other.observe(0.6));
  EXPECT_TRUE(other.observe(0.6));
  EXPECT_EQ(other.rate(0), 0.25);
}

TEST(Schedule, PlateauMaximizesAndCoolsDown) {
  Schedule schedule =
      parse("plateau:factor=0.1,patience=0,cooldown=2,mode=max");
  EXPECT_FALSE(schedule.observe(0.5));
  EXPECT_FALSE(schedule.observe(0.6));
  EXPECT_TRUE(schedule.observe(0.5));
  EXPECT_FALSE(schedule.observe(0.5));
  EXPECT_FALSE(schedule.observe(0.5));
  EXPECT_TRUE(schedule.observe(0.5));
}

TEST(Schedule, ExplainsErrors) {
  EXPECT_EQ(messageFor("cosin:total=5"),
            "schedule 'cosin:total=5': there is no kind 'cosin'; expected one "
            "of constant, step, exponential, cosine, plateau");
  EXPECT_EQ(messageFor("cosine:warm=5"),
            "schedule 'cosine:warm=5': 'cosine' has no setting 'warm'; it "
            "takes total, warmup, min");
  EXPECT_CONTAINS(messageFor("cosine"), "'cosine' needs the setting 'total'");
  EXPECT_CONTAINS(messageFor("cosine:total=x"),
                  "'total' must be a whole number, 1 or more, not 'x'");
  EXPECT_CONTAINS(messageFor("cosine:total"), "not ''");
  EXPECT_CONTAINS(messageFor("cosine:total=5,total=6"), "set twice");
  EXPECT_CONTAINS(messageFor("cosine:total=5,warmup=5"),
                  "'total' must be more than 'warmup'");
  EXPECT_CONTAINS(messageFor("step:every=1,factor=1.5"),
                  "'factor' must be a number above 0, at most 1, not '1.5'");
  EXPECT_CONTAINS(messageFor("step:every=1,factor=nan"), "not 'nan'");
  EXPECT_CONTAINS(messageFor("constant:min=2"), "at most the learning rate 1");
  EXPECT_EQ(messageFor("constant:"), "");
  EXPECT_CONTAINS(messageFor("constant", -1), "must be positive");
  EXPECT_CONTAINS(messageFor("plateau:factor=0.5,mode=up"), "min or max");
}

TEST(Schedule, RestoresItsOwnKindOnly) {
  Schedule plateau = parse("plateau:factor=0.5");
  EXPECT_CONTAINS(messageOf(plateau.restore(parse("constant").toJSON())),
                  "that of the schedule 'constant'; expected 'plateau'");
  EXPECT_CONTAINS(messageOf(plateau.restore(nullptr)), "must be an object");
  EXPECT_CONTAINS(
      messageOf(plateau.restore(llvm::json::Object{{"kind", "plateau"}})),
      "must have a count 'stagnant'");
}
