package dev.tandem.ptx.machine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.ptx.text.PtxException;
import java.util.List;
import java.util.Random;
import java.util.function.IntBinaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Exchanges between the lanes of a warp. */
class WarpStepsTest {
  private static final int[] ALL = IntStream.range(0, 32).toArray();

  private static int[] random(int count) {
    return new Random(42).ints(count).toArray();
  }

  /** Loads the thread's own int into %r10, runs the body, stores %r11 back. */
  private static Trial map(String body) {
    return Trial.of("ld.global.u32 %r10, [%rd2];\n" + body + "\nst.global.u32 [%rd2], %r11;");
  }

  /** As CUDA documents the shuffles of a width: within segments of so many lanes. */
  @ParameterizedTest
  @CsvSource({
    "idx, 0, 32",
    "idx, 7, 32",
    "idx, 35, 32",
    "idx, 3, 8",
    "idx, 13, 8",
    "idx, 1, 2",
    "idx, 5, 1",
    "up, 1, 32",
    "up, 16, 32",
    "up, 31, 32",
    "up, 3, 16",
    "up, 1, 2",
    "up, 2, 4",
    "up, 1, 1",
    "down, 1, 32",
    "down, 16, 32",
    "down, 2, 4",
    "down, 9, 16",
    "down, 31, 32",
    "down, 1, 1",
    "bfly, 1, 32",
    "bfly, 16, 32",
    "bfly, 9, 32",
    "bfly, 5, 8",
    "bfly, 9, 8",
    "bfly, 31, 16"
  })
  void shufflesOfAWidth(String mode, int by, int width) {
    int c = (32 - width) << 8 | (mode.equals("up") ? 0 : 31);
    int[] in = random(64);
    Trial trial =
        map(
            "shfl.sync."
                + mode
                + ".b32 %r12|%p1, %r10, "
                + by
                + ", "
                + c
                + ", -1;\n"
                + "selp.u32 %r13, 1, 0, %p1;\nxor.b32 %r11, %r12, %r13;");
    int[] got = trial.set(in).run(1, 64).ints(64);
    for (int t = 0; t < 64; t++) {
      int lane = t % 32;
      int first = lane / width * width;
      int from =
          switch (mode) {
            case "idx" -> first + by % 32 % width;
            case "up" -> lane - by;
            case "down" -> lane + by;
            default -> lane ^ by;
          };
      boolean inside = mode.equals("up") ? from >= first : from < first + width;
      int value = in[t - lane + (inside ? from : lane)];
      assertEquals(value ^ (inside ? 1 : 0), got[t], "thread " + t);
    }
    assertEquals(List.of(), trial.findings());
  }

  /** Any clamp and segment mask, bit by bit as the ISA's pseudo code has it. */
  @ParameterizedTest
  @ValueSource(strings = {"idx", "up", "down", "bfly"})
  void shufflesOfAnyBounds(String mode) {
    Random random = new Random(7);
    Trial trial =
        Trial.of(
            """
            ld.global.u32 %r10, [%rd2];
            ld.global.u32 %r11, [%rd2+128];
            ld.global.u32 %r12, [%rd2+256];
            shfl.sync.MODE.b32 %r13|%p1, %r10, %r11, %r12, 0xffffffff;
            selp.u32 %r14, 1, 0, %p1;
            st.global.u32 [%rd2+384], %r13;
            st.global.u32 [%rd2+512], %r14;
            """
                .replace("MODE", mode));
    for (int round = 0; round < 50; round++) {
      int[] in = random.ints(96).toArray();
      int[] got = trial.set(in).run(1, 32).ints(160);
      for (int lane = 0; lane < 32; lane++) {
        int from = isa(mode, lane, in[32 + lane], in[64 + lane]);
        assertEquals(in[from < 0 ? lane : from], got[96 + lane], "lane " + lane);
        assertEquals(from < 0 ? 0 : 1, got[128 + lane], "lane " + lane);
      }
    }
  }

  private static int isa(String mode, int lane, int b, int c) {
    int most = 0;
    int least = 0;
    int kept = 0;
    for (int bit = 0; bit < 5; bit++) {
      boolean segment = (c >> (8 + bit) & 1) == 1;
      most |= (segment ? lane >> bit & 1 : c >> bit & 1) << bit;
      least |= (segment ? lane >> bit & 1 : 0) << bit;
      kept |= (segment ? lane >> bit & 1 : b >> bit & 1) << bit;
    }
    int by = Math.floorMod(b, 32);
    return switch (mode) {
      case "up" -> lane - by >= most ? lane - by : -1;
      case "down" -> lane + by <= most ? lane + by : -1;
      case "bfly" -> (lane ^ by) <= most ? lane ^ by : -1;
      default -> kept <= most ? kept : -1;
    };
  }

  @Test
  void aShuffleMayOverwriteItsSource() {
    Trial trial = map("shfl.sync.bfly.b32 %r10, %r10, 31, 31, -1; mov.u32 %r11, %r10;");
    int[] got = trial.set(ALL).run(1, 32).ints(32);
    assertArrayEquals(IntStream.range(0, 32).map(i -> 31 - i).toArray(), got);
  }

  @Test
  void lanesShuffleFromDifferentInstructionsOfTheSameKind() {
    // The ISA asks for the same qualifiers and mask, not for the same instruction.
    Trial trial =
        map(
            """
            setp.lt.u32 %p1, %r0, 16;
            @%p1 bra LOW;
            shfl.sync.bfly.b32 %r11, %r10, 16, 31, -1;
            bra END;
            LOW:
            add.u32 %r12, %r10, 100;
            shfl.sync.bfly.b32 %r11, %r12, 16, 31, -1;
            END:
            """);
    int[] got = trial.set(ALL).run(1, 32).ints(32);
    assertArrayEquals(
        IntStream.range(0, 32).map(i -> i < 16 ? i + 16 : i - 16 + 100).toArray(), got);
    assertEquals(List.of(), trial.findings());
  }

  @Test
  void groupsOfLanesShuffleByThemselves() {
    // Each half has its own mask in a register and meets at the same instruction.
    Trial trial =
        map(
            """
            setp.lt.u32 %p1, %r0, 16;
            selp.b32 %r12, 0xffff, 0xffff0000, %p1;
            selp.b32 %r13, 3, 20, %p1;
            shfl.sync.idx.b32 %r11, %r10, %r13, 31, %r12;
            """);
    int[] got = trial.set(ALL).run(1, 32).ints(32);
    assertArrayEquals(IntStream.range(0, 32).map(i -> i < 16 ? 3 : 20).toArray(), got);
    assertEquals(List.of(), trial.findings());
  }

  @Test
  void exitedLanesAreNotWaitedForButNotToBeReadEither() {
    String body =
        """
        setp.ge.u32 %p1, %r0, 24;
        @%p1 ret;
        shfl.sync.down.b32 %r11, %r10, BY, 31, -1;
        """;
    Trial harmless = map(body.replace("BY", "0")).set(ALL).run(1, 32);
    assertEquals(List.of(), harmless.findings());
    Trial reading = map(body.replace("BY", "4")).set(ALL).run(1, 32);
    assertEquals(1, reading.findings(Finding.Kind.SHUFFLE).size());
    assertEquals(7, reading.ints(4)[3]);
    String message = reading.findings().getFirst().message();
    assertTrue(message.contains("lane 24, which has exited"), message);
  }

  @Test
  void readingALaneOutsideTheMaskIsReported() {
    Trial trial =
        map(
            """
            setp.ge.u32 %p1, %r0, 8;
            @%p1 bra END;
            shfl.sync.idx.b32 %r11, %r10, 9, 31, 0xff;
            END:
            """);
    trial.set(ALL).run(1, 32);
    List<Finding> findings = trial.findings(Finding.Kind.SHUFFLE);
    assertEquals(1, findings.size());
    assertTrue(findings.getFirst().message().contains("takes no part"));
  }

  @Test
  void aLaneOutsideItsOwnMaskIsReported() {
    Trial trial = map("shfl.sync.idx.b32 %r11, %r10, 0, 31, 0xff;").set(ALL).run(1, 16);
    List<Finding> findings = trial.findings(Finding.Kind.SHUFFLE);
    assertEquals(1, findings.size());
    assertTrue(findings.getFirst().message().contains("8-15"), findings.getFirst().message());
  }

  @Test
  void membersThatWaitElsewhereAreReportedAndLeftOut() {
    Trial trial =
        Trial.of(
            """
            setp.lt.u32 %p1, %r0, 10;
            @%p1 bra WAIT;
            vote.sync.ballot.b32 %r11, 1, 0xffffffff;
            st.global.u32 [%rd2], %r11;
            WAIT:
            bar.sync 0;
            """
                .replace(" 1, 0xff", " %p2, 0xff")
                .replace("vote", "setp.eq.u32 %p2, 0, 0;\nvote"));
    int[] got = trial.run(1, 32).ints(32);
    assertEquals(-1 << 10, got[20]);
    List<Finding> findings = trial.findings(Finding.Kind.SHUFFLE);
    assertEquals(1, findings.size());
    assertTrue(findings.getFirst().message().contains("lanes 0-9 never come"));
  }

  @Test
  void votes() {
    Trial trial =
        map(
            """
            setp.lt.s32 %p1, %r10, 0;
            vote.sync.ballot.b32 %r11, %p1, -1;
            vote.sync.ballot.b32 %r12, !%p1, -1;
            vote.sync.any.pred %p2, %p1, -1;
            vote.sync.all.pred %p3, %p1, -1;
            vote.sync.uni.pred %p4, %p1, -1;
            vote.sync.uni.pred %p5, %p6, -1;
            selp.u32 %r13, 1, 0, %p2;
            selp.u32 %r14, 2, 0, %p3;
            selp.u32 %r15, 4, 0, %p4;
            selp.u32 %r16, 8, 0, %p5;
            add.u32 %r13, %r13, %r14;
            add.u32 %r13, %r13, %r15;
            add.u32 %r13, %r13, %r16;
            st.global.u32 [%rd2+256], %r12;
            st.global.u32 [%rd2+512], %r13;
            """);
    int[] in = random(64);
    for (int i = 32; i < 64; i++) {
      in[i] = -1;
    }
    int[] got = trial.set(in).run(1, 64).ints(192);
    int negative = 0;
    for (int i = 0; i < 32; i++) {
      negative |= (in[i] < 0 ? 1 : 0) << i;
    }
    assertEquals(negative, got[5]);
    assertEquals(~negative, got[64 + 5]);
    assertEquals(1 + 8, got[128 + 5]);
    assertEquals(-1, got[40]);
    assertEquals(0, got[64 + 40]);
    assertEquals(1 + 2 + 4 + 8, got[128 + 40]);
  }

  @Test
  void votesOfAPartOfTheWarp() {
    Trial trial =
        map(
            """
            setp.ge.u32 %p1, %r0, 12;
            @%p1 bra END;
            setp.lt.u32 %p2, %r0, 5;
            vote.sync.ballot.b32 %r11, %p2, 0xfff;
            END:
            """);
    int[] got = trial.run(1, 32).ints(32);
    assertEquals(31, got[11]);
    assertEquals(0, got[12]);
  }

  @Test
  void matches() {
    int[] in = new Random(3).ints(32, 0, 5).toArray();
    Trial trial =
        map(
            """
            match.any.sync.b32 %r11, %r10, -1;
            match.all.sync.b32 %r12|%p1, %r10, -1;
            mov.b64 %rd10, {%r2, %r3};
            match.all.sync.b64 %r13|%p2, %rd10, 0xffffffff;
            selp.u32 %r14, 1, 0, %p1;
            selp.u32 %r15, 2, 0, %p2;
            add.u32 %r14, %r14, %r15;
            st.global.u32 [%rd2+128], %r12;
            st.global.u32 [%rd2+256], %r13;
            st.global.u32 [%rd2+384], %r14;
            """);
    int[] got = trial.set(in).run(1, 32).ints(128);
    for (int lane = 0; lane < 32; lane++) {
      int same = 0;
      for (int other = 0; other < 32; other++) {
        same |= in[other] == in[lane] ? 1 << other : 0;
      }
      assertEquals(same, got[lane]);
      assertEquals(0, got[32 + lane]);
      assertEquals(-1, got[64 + lane]);
      assertEquals(2, got[96 + lane]);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "add.u32", "add.s32", "min.s32", "max.s32", "min.u32", "max.u32", "and.b32", "or.b32",
        "xor.b32"
      })
  void reductions(String operation) {
    IntBinaryOperator join =
        switch (operation) {
          case "min.s32" -> Math::min;
          case "max.s32" -> Math::max;
          case "min.u32" -> (a, b) -> (int) Math.min(a & 0xFFFFFFFFL, b & 0xFFFFFFFFL);
          case "max.u32" -> (a, b) -> (int) Math.max(a & 0xFFFFFFFFL, b & 0xFFFFFFFFL);
          case "and.b32" -> (a, b) -> a & b;
          case "or.b32" -> (a, b) -> a | b;
          case "xor.b32" -> (a, b) -> a ^ b;
          default -> Integer::sum;
        };
    int[] in = random(40);
    int[] got = map("redux.sync." + operation + " %r11, %r10, -1;").set(in).run(1, 40).ints(40);
    assertEquals(IntStream.of(in).limit(32).reduce(join).orElseThrow(), got[31]);
    assertEquals(IntStream.of(in).skip(32).reduce(join).orElseThrow(), got[32]);
  }

  @Test
  void election() {
    Trial trial =
        map(
            """
            setp.lt.u32 %p1, %r0, 6;
            @%p1 ret;
            elect.sync %r12|%p2, -1;
            selp.u32 %r13, 100, 0, %p2;
            add.u32 %r11, %r12, %r13;
            """);
    int[] got = trial.run(1, 32).ints(32);
    assertEquals(0, got[5]);
    assertEquals(106, got[6]);
    assertEquals(6, got[7]);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "shfl.idx.b32 %r10, %r11, 0, 31;", "vote.ballot.b32 %r10, %p1;",
        "redux.sync.add.b32 %r10, %r11, -1;", "vote.sync.ballot.pred %p1, %p2, -1;",
        "match.any.sync.b32 %r10|%p1, %r11, -1;", "redux.sync.min.f32 %f1, %f2, -1;"
      })
  void refusesWhatDoesNotExist(String instruction) {
    PtxException e = assertThrows(PtxException.class, () -> Trial.of(instruction));
    assertTrue(e.getMessage().contains(instruction.substring(0, instruction.indexOf(' '))));
  }
}
