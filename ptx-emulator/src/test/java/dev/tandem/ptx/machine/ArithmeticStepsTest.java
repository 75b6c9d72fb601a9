package dev.tandem.ptx.machine;

import static dev.tandem.ptx.machine.OneInstruction.of;
import static dev.tandem.ptx.machine.OneInstruction.register;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.ptx.text.Instruction;
import dev.tandem.ptx.text.Operand;
import dev.tandem.ptx.text.PtxException;
import dev.tandem.ptx.text.Type;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** What decoding makes of instructions whose operands are not plain registers, or overlap. */
class ArithmeticStepsTest {
  private static final Operand P = register("%p", Type.PRED);
  private static final Operand Q = register("%q", Type.PRED);
  private static final Operand A = register("%a", Type.B32);
  private static final Operand B = register("%b", Type.B32);
  private static final Operand C = register("%c", Type.B32);
  private static final Operand LONG = register("%l", Type.B64);
  private static final Operand H = register("%h", Type.B16);
  private static final Operand I = register("%i", Type.B16);
  private static final Operand SINK = new Operand.Sink();

  private final Scope scope = OneInstruction.scope();
  private Warp warp;

  @Test
  void partOfAWarpGetsWhatTheWholeGets() {
    Random random = new Random(3);
    FormTable table = FormTable.complete();
    int tried = 0;
    for (String name : ArithmeticSteps.forms()) {
      List<String> words = List.of(name.split("\\."));
      Form form = table.find(words.getFirst(), words.subList(1, words.size())).orElse(null);
      if (form == null || form.test() || form.sources().contains(Type.PRED)) {
        continue;
      }
      int[] from = new int[form.sources().size()];
      Arrays.setAll(from, i -> i + 1);
      Step step = LoopFactory.step(form, of("nop"), 0, from);
      Warp whole = new Warp(null, 0, -1, 5, 1);
      for (long[] row : whole.r) {
        Arrays.setAll(row, _ -> random.nextLong());
      }
      Warp part = new Warp(null, 0, -1, 5, 1);
      for (int i = 0; i < 5; i++) {
        part.r[i] = whole.r[i].clone();
      }
      long[] before = part.r[0].clone();
      int mask = random.nextInt();
      step.run(whole, -1);
      step.run(part, mask);
      for (int lane = 0; lane < Warp.LANES; lane++) {
        boolean active = (mask >>> lane & 1) != 0;
        assertEquals(active ? whole.r[0][lane] : before[lane], part.r[0][lane], name);
      }
      tried++;
    }
    assertTrue(tried > 1000, tried + " forms");
  }

  @Test
  void noFormIsNamedTwice() {
    List<String> names = ArithmeticSteps.forms();
    assertEquals(names.size(), new HashSet<>(names).size());
    assertTrue(names.containsAll(List.of("add.s32", "fma.rn.ftz.sat.f32", "lop3.and.b32")));
  }

  @Test
  void modifiersMayStandInAnyOrder() {
    given(A, Float.floatToRawIntBits(2));
    run(of("add.ftz.rn.f32", B, A, A));
    assertEquals(Float.floatToRawIntBits(4), value(B));
  }

  @Test
  void comparisonWithOppositeJoinedToAPredicateThatIsOverwritten() {
    given(A, 3);
    given(P, 0x0F0F0F0F);
    run(of("setp.lt.and.s32", new Operand.Pair(P, Q), A, new Operand.IntegerLiteral(5), P));
    assertEquals(0x0F0F0F0F, predicate(P));
    assertEquals(0, predicate(Q));
    run(
        of(
            "setp.gt.or.s32",
            new Operand.Pair(P, Q),
            A,
            new Operand.IntegerLiteral(5),
            new Operand.Not(P)));
    assertEquals(0xF0F0F0F0, predicate(P));
    assertEquals(-1, predicate(Q));
    run(of("setp.eq.s32", new Operand.Pair(SINK, Q), A, new Operand.IntegerLiteral(4)));
    assertEquals(-1, predicate(Q));
  }

  @Test
  void halvesAreComparedOneByOne() {
    given(A, 0x3C00_7E00L);
    given(B, 0x4000_3C00L);
    run(of("setp.ltu.f16x2", new Operand.Pair(P, Q), A, B));
    assertEquals(-1, predicate(P));
    assertEquals(-1, predicate(Q));
    run(of("setp.lt.f16x2", new Operand.Pair(P, Q), A, B));
    assertEquals(0, predicate(P));
    assertEquals(-1, predicate(Q));
    run(of("set.lt.f16x2.f16x2", C, A, B));
    assertEquals(0x3C00_0000L, value(C));
    run(of("set.lt.u32.f16x2", C, A, B));
    assertEquals(0xFFFF_0000L, value(C));
    run(of("set.gt.f32.u32", C, B, A));
    assertEquals(0x3F80_0000L, value(C));
    run(of("set.gt.xor.s32.u32", C, B, A, Q));
    assertEquals(0, value(C));
  }

  @Test
  void carriesRunThroughRegistersThatAreOperandsToo() {
    given(A, 0xFFFF_FFFFL);
    given(B, 1);
    run(of("add.cc.u32", A, A, B));
    assertEquals(0, value(A));
    assertEquals(-1, warp.carry);
    run(of("addc.cc.u32", A, A, A));
    assertEquals(1, value(A));
    assertEquals(0, warp.carry);
    run(of("sub.cc.s32", C, new Operand.IntegerLiteral(0), B));
    assertEquals(0xFFFF_FFFFL, value(C));
    run(of("subc.s32", C, new Operand.IntegerLiteral(5), B));
    assertEquals(3, value(C));
  }

  @Test
  void oneProductOf128Bits() {
    // (2^64 - 3)^2 from 64-bit halves: upper 2^64 - 6, lower 9.
    Operand low = register("%low", Type.B64);
    Operand high = register("%high", Type.B64);
    given(LONG, -3);
    run(of("mad.lo.cc.u64", low, LONG, LONG, new Operand.IntegerLiteral(-10)));
    run(of("madc.hi.u64", high, LONG, LONG, new Operand.IntegerLiteral(0)));
    assertEquals(-1, value64(low));
    assertEquals(-6, value64(high));
    run(of("mad.lo.cc.u64", low, LONG, LONG, new Operand.IntegerLiteral(-9)));
    run(of("madc.hi.u64", high, LONG, LONG, new Operand.IntegerLiteral(0)));
    assertEquals(0, value64(low));
    assertEquals(-5, value64(high));
  }

  @Test
  void registersAreSplitAndJoined() {
    given(LONG, 0x8877_6655_4433_2211L);
    run(of("mov.b64", new Operand.Vector(List.of(A, B)), LONG));
    assertEquals(0x4433_2211L, value(A));
    assertEquals(0x8877_6655L, value(B));
    run(of("mov.b32", new Operand.Vector(List.of(SINK, H)), B));
    assertEquals(0x8877L, value(H));
    run(of("mov.b32", C, new Operand.Vector(List.of(H, new Operand.IntegerLiteral(1)))));
    assertEquals(0x0001_8877L, value(C));
    run(of("mov.b64", LONG, new Operand.Vector(List.of(H, I, H, H))));
    assertEquals(0x8877_8877_0000_8877L, value64(LONG));
    Operand wide = register("%w", Type.B128);
    run(of("mov.b128", wide, new Operand.Vector(List.of(LONG, LONG))));
    Operand other = register("%v", Type.B128);
    run(of("mov.b128", other, wide));
    run(of("mov.b128", new Operand.Vector(List.of(SINK, SINK, A, B)), other));
    assertEquals(0x0000_8877L, value(A));
    assertEquals(0x8877_8877L, value(B));
  }

  @Test
  void lookupWithAPredicate() {
    given(A, 0xFF00L);
    given(B, 0x0FF0L);
    given(C, 0x00FFL);
    given(Q, 0xFFFF);
    Operand table = new Operand.IntegerLiteral(0xE8);
    run(of("lop3.b32", LONG, A, B, C, table));
    assertEquals(0x0FF0L, value(LONG), "0xE8 is the majority");
    run(of("lop3.and.b32", new Operand.Pair(A, P), A, B, C, table, Q));
    assertEquals(0x0FF0L, value(A));
    assertEquals(0xFFFF, predicate(P));
    run(
        of(
            "lop3.or.b32",
            new Operand.Pair(SINK, P),
            A,
            B,
            C,
            new Operand.IntegerLiteral(0),
            new Operand.Not(Q)));
    assertEquals(0xFFFF_0000, predicate(P));
  }

  @Test
  void literalsAreReadAsTheirInstructionReadsThem() {
    Operand one = new Operand.FloatLiteral(1, 0x3F800000L, true);
    Operand two = new Operand.FloatLiteral(2, 0x4000000000000000L, false);
    given(P, 1);
    run(of("selp.f32", A, one, new Operand.IntegerLiteral(0), P));
    assertEquals(0x3F800000L, value(A));
    assertEquals(0, warp.r[slot(A)][1]);
    run(of("selp.f64", LONG, two, two, P));
    assertEquals(0x4000000000000000L, value64(LONG));
    run(of("mov.b32", A, one));
    assertEquals(0x3F800000L, value(A));
    run(of("mov.pred", P, new Operand.IntegerLiteral(-1)));
    assertEquals(-1, predicate(P));
    run(of("not.pred", P, P));
    assertEquals(0, predicate(P));
    run(of("xor.pred", P, new Operand.Not(P), Q));
    assertEquals(~predicate(Q), predicate(P));
  }

  @Test
  void wideResultsAreExtended() {
    given(LONG, -1);
    run(of("cvt.s64.s8", LONG, LONG));
    assertEquals(-1, value64(LONG));
    run(of("cvt.u16.u64", LONG, LONG));
    assertEquals(0xFFFFL, value64(LONG));
    given(A, 0x8000_0000L);
    run(of("mul.wide.s32", LONG, A, new Operand.IntegerLiteral(2)));
    assertEquals(-0x1_0000_0000L, value64(LONG));
    run(of("mul.wide.u32", LONG, A, new Operand.IntegerLiteral(-1)));
    assertEquals(0x7FFF_FFFF_8000_0000L, value64(LONG));
  }

  @Test
  void notANumberOfDoubles() {
    Operand other = register("%m", Type.B64);
    given(LONG, 0x7FF0_0000_0000_0123L);
    given(other, 0xFFF8_0000_0000_0456L);
    run(of("add.f64", LONG, LONG, other));
    assertEquals(0x7FF8_0000_0000_0123L, value64(LONG));
    run(of("mul.f64", LONG, new Operand.FloatLiteral(1, 0x3FF0000000000000L, false), other));
    assertEquals(0xFFF8_0000_0000_0456L, value64(LONG));
    given(other, 0x7FF0_0000_0000_0000L);
    run(of("sub.f64", LONG, other, other));
    assertEquals(0xFFF8_0000_0000_0000L, value64(LONG));
  }

  @Test
  void smallerAndLargerOfZerosAndNotNumbers() {
    long nan = 0xFFC0_1234L;
    long minusZero = 0x8000_0000L;
    assertEquals(minusZero, of2("min.f32", 0, minusZero));
    assertEquals(0, of2("max.f32", minusZero, 0));
    assertEquals(minusZero, of2("max.f32", nan, minusZero));
    assertEquals(0x7FFF_FFFFL, of2("max.f32", nan, nan));
    assertEquals(0x7FFF_FFFFL, of2("min.NaN.f32", 0, nan));
    assertEquals(0xBF80_0000L, of2("min.xorsign.abs.f32", 0xC000_0000L, 0x3F80_0000L));
    assertEquals(0x4000_0000L, of2("max.xorsign.abs.f32", 0xC000_0000L, 0xBF80_0000L));
    assertEquals(0x8000_7FFFL, of2("min.NaN.f16x2", 0x8000_7C01L, 0x0000_3C00L));
    assertEquals(0xC000_0000L, of2("copysign.f32", minusZero, 0x4000_0000L));
  }

  @Test
  void unlikelyInstructionsAreRefused() {
    refused("no instruction", of("add.rn.s32", A, A, A));
    refused("no instruction", of("fma.rn.oob.f16", H, H, H, H));
    refused("no instruction", of("vadd.s32.s32.s32", A, A, A));
    refused("2 operands", of("add.s32", A, A));
    refused("function", of("mov.u64", LONG, new Operand.FunctionAddress("f")));
    refused("%clock", of("add.u32", A, A, new Operand.Special("%clock")));
    refused("two destinations", of("setp.lt.f16x2", P, A, A));
    refused("no such comparison", of("setp.lt.b32", P, A, A));
    refused("immediate", of("lop3.b32", A, A, A, A, A));
  }

  @Test
  void propertiesOfNumbers() {
    long[][] expected = {
      // bits, normal, subnormal, finite
      {0, 1, 0, 1},
      {0x8000_0000L, 1, 0, 1},
      {1, 0, 1, 1},
      {0x8080_0000L, 1, 0, 1},
      {0x7F80_0000L, 0, 0, 0},
      {0x7FC0_0000L, 0, 0, 0}
    };
    for (long[] row : expected) {
      given(A, row[0]);
      String[] names = {"testp.normal.f32", "testp.subnormal.f32", "testp.finite.f32"};
      for (int i = 0; i < names.length; i++) {
        run(of(names[i], P, A));
        assertEquals(-row[i + 1], predicate(P), names[i] + " of " + Long.toHexString(row[0]));
      }
    }
  }

  @Test
  void distancesOfBytes() {
    given(A, 0x80FF_0110L);
    given(B, 0x7F01_0320L);
    given(C, 5);
    run(of("vabsdiff4.u32.u32.u32", LONG, A, B, C));
    assertEquals(0x01FE_0210L, value(LONG));
    run(of("vabsdiff4.u32.s32.s32", LONG, A, B, C));
    assertEquals(0xFF02_0210L, value(LONG));
    run(of("vabsdiff4.u32.u32.u32.add", LONG, A, B, C));
    assertEquals(0x01 + 0xFE + 0x02 + 0x10 + 5, value(LONG));
    run(of("vabsdiff2.u32.u32.u32.add", LONG, A, B, C));
    assertEquals(0x01FE + 0x0210 + 5, value(LONG));
  }

  private void refused(String why, Instruction instruction) {
    PtxException refusal =
        assertThrows(PtxException.class, () -> ArithmeticSteps.decode(instruction, scope));
    assertTrue(refusal.getMessage().contains(why), refusal.getMessage());
    assertTrue(refusal.getMessage().contains(instruction.name()), refusal.getMessage());
  }

  private static long of2(String name, long a, long b) {
    return OneInstruction.run(name, List.of(new long[] {a, b}))[0] & 0xFFFF_FFFFL;
  }

  private void run(Instruction instruction) {
    Step step = ArithmeticSteps.decode(instruction, scope);
    grow();
    scope.constants().forEach((bits, slot) -> Arrays.fill(warp.r[slot], bits));
    step.run(warp, -1);
  }

  private void given(Operand operand, long bits) {
    int slot = slot(operand);
    grow();
    if (((Operand.Register) operand).type() == Type.PRED) {
      warp.p[slot] = (int) bits;
    } else {
      Arrays.fill(warp.r[slot], bits);
    }
  }

  private long value(Operand register) {
    return value64(register) & 0xFFFF_FFFFL;
  }

  private long value64(Operand register) {
    return warp.r[slot(register)][0];
  }

  private int predicate(Operand register) {
    return warp.p[slot(register)];
  }

  private int slot(Operand operand) {
    Instruction nop = of("nop");
    return ((Operand.Register) operand).type() == Type.PRED
        ? scope.predicate(nop, operand)
        : scope.destination(nop, operand);
  }

  /** A warp with room for all that the scope knows by now, and the values so far. */
  private void grow() {
    Warp larger = OneInstruction.warp(scope);
    if (warp != null) {
      System.arraycopy(warp.r, 0, larger.r, 0, warp.r.length);
      System.arraycopy(warp.p, 0, larger.p, 0, warp.p.length);
      larger.carry = warp.carry;
    }
    warp = larger;
  }
}
