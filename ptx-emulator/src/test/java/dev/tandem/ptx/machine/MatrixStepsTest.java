package dev.tandem.ptx.machine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.tandem.ptx.text.Instruction;
import dev.tandem.ptx.text.LinkedKernel;
import dev.tandem.ptx.text.Linker;
import dev.tandem.ptx.text.Operand;
import dev.tandem.ptx.text.Parser;
import dev.tandem.ptx.text.PtxException;
import dev.tandem.ptx.text.Type;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Products of matrices in a warp's registers, against exact arithmetic. Those that use memory are in MatrixMemoryTest. */
class MatrixStepsTest {
  /** An instruction made ready, with a warp to run it on. */
  private static final class Run {
    final Instruction instruction;
    final Scope scope;
    final Step step;
    final Warp warp;

    Run(String instruction) {
      LinkedKernel kernel =
          Linker.link(
              Parser.parse(
                  """
                  .version 8.7
                  .target sm_90
                  .address_size 64
                  .entry k() {
                  .reg .b32 %a<9>, %b<9>, %c<9>, %d<9>;
                  .reg .f64 %fa<9>, %fb<9>, %fc<9>, %fd<9>;
                  .reg .b64 %rd<3>;
                  """
                      + instruction
                      + ";\nret; }"),
              "k");
      this.instruction = kernel.code().getFirst();
      scope = new Scope(kernel, _ -> 0);
      step = MatrixSteps.decode(this.instruction, scope);
      warp = new Warp(null, 0, -1, scope.slots(), scope.predicateSlots());
    }

    long[] register(int operand, int part) {
      Operand register = ((Operand.Vector) instruction.operand(operand)).parts().get(part);
      return warp.r[scope.destination(instruction, register)];
    }

    int registers(int operand) {
      return ((Operand.Vector) instruction.operand(operand)).parts().size();
    }
  }

  private static int bits(String type) {
    return switch (type) {
      case "f16", "bf16" -> 16;
      case "s8", "u8" -> 8;
      case "f64" -> 64;
      default -> 32;
    };
  }

  private static long encode(String type, long value) {
    return switch (type) {
      case "f16" -> Float.floatToFloat16(value) & 0xffff;
      case "bf16" -> Float.floatToRawIntBits(value) >>> 16;
      case "f32", "tf32" -> Float.floatToRawIntBits(value);
      case "f64" -> Double.doubleToRawLongBits(value);
      case "s8", "u8" -> value & 0xff;
      default -> value;
    };
  }

  private static double decode(String type, long word) {
    return switch (type) {
      case "f16" -> Float.float16ToFloat((short) word);
      case "f32" -> Float.intBitsToFloat((int) word);
      case "f64" -> Double.longBitsToDouble(word);
      default -> (int) word;
    };
  }

  private static String vector(String prefix, int registers) {
    StringBuilder text = new StringBuilder("{");
    for (int i = 0; i < registers; i++) {
      text.append(i == 0 ? "" : ", ").append(prefix).append(i);
    }
    return text.append('}').toString();
  }

  /** The text of a product with all its registers. */
  private static String product(MatrixTable table, String types, String modifiers) {
    String[] of = types.split("\\.");
    String prefix = of[1].equals("f64") ? "%f" : "%";
    int size = MatrixTable.COLUMNS;
    return "mma.sync.aligned.%s.row.col%s.%s %s, %s, %s, %s"
        .formatted(
            table.shape,
            modifiers,
            types,
            vector(prefix + "d", registers(of[0], table.rows * size)),
            vector(prefix + "a", registers(of[1], table.rows * table.inner)),
            vector(prefix + "b", registers(of[2], table.inner * size)),
            vector(prefix + "c", registers(of[3], table.rows * size)));
  }

  private static int registers(String type, int elements) {
    return Math.max(1, elements * Math.min(32, bits(type)) / 32 / Warp.LANES);
  }

  /** Where a lane's element lies. */
  private interface Place {
    int[] of(int g, int t, int i);
  }

  private static void scatter(Run run, int operand, String type, Place place, long[][] matrix) {
    int packed = Math.max(1, 32 / bits(type));
    for (int lane = 0; lane < Warp.LANES; lane++) {
      for (int i = 0; i < run.registers(operand) * packed; i++) {
        int[] at = place.of(lane >> 2, lane % 4, i);
        run.register(operand, i / packed)[lane] |=
            encode(type, matrix[at[0]][at[1]]) << i % packed * bits(type);
      }
    }
  }

  private static double[][] gather(Run run, String type, int rows) {
    int packed = Math.max(1, 32 / bits(type));
    double[][] matrix = new double[rows][MatrixTable.COLUMNS];
    for (int lane = 0; lane < Warp.LANES; lane++) {
      for (int i = 0; i < run.registers(0) * packed; i++) {
        int[] at = MatrixTable.c(lane >> 2, lane % 4, i);
        matrix[at[0]][at[1]] =
            decode(type, run.register(0, i / packed)[lane] >>> i % packed * bits(type));
      }
    }
    return matrix;
  }

  private static long[][] random(Random random, int rows, int columns, int low, int high) {
    long[][] matrix = new long[rows][columns];
    for (long[] row : matrix) {
      for (int i = 0; i < columns; i++) {
        row[i] = random.nextInt(low, high + 1);
      }
    }
    return matrix;
  }

  private static double[][] expected(long[][] a, long[][] b, long[][] c) {
    double[][] d = new double[a.length][MatrixTable.COLUMNS];
    for (int row = 0; row < a.length; row++) {
      for (int column = 0; column < MatrixTable.COLUMNS; column++) {
        long sum = c[row][column];
        for (int k = 0; k < b.length; k++) {
          sum += a[row][k] * b[k][column];
        }
        d[row][column] = sum;
      }
    }
    return d;
  }

  @ParameterizedTest
  @CsvSource({
    "HALF_K8, f32.f16.f16.f32",
    "HALF_K8, f16.f16.f16.f16",
    "HALF_K8, f32.bf16.bf16.f32",
    "HALF_K16, f32.f16.f16.f32",
    "HALF_K16, f16.f16.f16.f16",
    "HALF_K16, f32.f16.f16.f16",
    "HALF_K16, f32.bf16.bf16.f32",
    "SINGLE_K4, f32.tf32.tf32.f32",
    "SINGLE_K8, f32.tf32.tf32.f32",
    "DOUBLE_K4, f64.f64.f64.f64",
    "BYTE_M8, s32.s8.s8.s32",
    "BYTE_K16, s32.s8.s8.s32",
    "BYTE_K16, s32.u8.s8.s32",
    "BYTE_K32, s32.s8.u8.s32",
    "BYTE_K32, s32.u8.u8.s32"
  })
  void productsOfSmallIntegersAreExact(MatrixTable table, String types) {
    String[] of = types.split("\\.");
    Random random = new Random(types.hashCode() * 31L + table.ordinal());
    int low = of[1].startsWith("u") || of[2].startsWith("u") ? 0 : -11;
    int high = bits(of[1]) == 8 ? 127 : 11;
    if (of[1].equals("u8") && of[2].equals("u8")) {
      high = 255;
    }
    long[][] a = random(random, table.rows, table.inner, low, high);
    long[][] b = random(random, table.inner, MatrixTable.COLUMNS, low, high);
    long[][] c = random(random, table.rows, MatrixTable.COLUMNS, -90, 90);
    Run run = new Run(product(table, types, ""));
    scatter(run, 1, of[1], table::a, a);
    scatter(run, 2, of[2], table::b, b);
    scatter(run, 3, of[3], MatrixTable::c, c);
    run.step.run(run.warp, -1);
    assertArrayEquals(expected(a, b, c), gather(run, of[0], table.rows));
  }

  @Test
  void signedBytesMayBeNegative() {
    MatrixTable table = MatrixTable.BYTE_K32;
    Random random = new Random(5);
    long[][] a = random(random, table.rows, table.inner, -128, 127);
    long[][] b = random(random, table.inner, MatrixTable.COLUMNS, 0, 255);
    long[][] c = random(random, table.rows, MatrixTable.COLUMNS, -1_000_000, 1_000_000);
    Run run = new Run(product(table, "s32.s8.u8.s32", ""));
    scatter(run, 1, "s8", table::a, a);
    scatter(run, 2, "u8", table::b, b);
    scatter(run, 3, "s32", MatrixTable::c, c);
    run.step.run(run.warp, -1);
    assertArrayEquals(expected(a, b, c), gather(run, "s32", table.rows));
  }

  @Test
  void integerSumsWrapOrSaturate() {
    for (boolean saturating : new boolean[] {false, true}) {
      Run run =
          new Run(product(MatrixTable.BYTE_M8, "s32.s8.s8.s32", saturating ? ".satfinite" : ""));
      run.register(1, 0)[0] = 100;
      run.register(2, 0)[0] = 1;
      run.register(3, 0)[0] = Integer.MAX_VALUE - 1;
      run.register(3, 1)[0] = Integer.MIN_VALUE;
      run.step.run(run.warp, -1);
      assertEquals(
          saturating ? Integer.MAX_VALUE : Integer.MIN_VALUE + 98, (int) run.register(0, 0)[0]);
      assertEquals(Integer.MIN_VALUE, (int) run.register(0, 1)[0]);
    }
  }

  /** Element (0, 0) of D for a first row of A and a first column of B that has two elements other than zero. */
  private static long corner(String types, long c, long a0, long b0, long a1, long b1) {
    Run run = new Run(product(MatrixTable.HALF_K8, types, ""));
    run.register(1, 0)[0] = a0 | a1 << 16;
    run.register(2, 0)[0] = b0 | b1 << 16;
    run.register(3, 0)[0] = c;
    run.step.run(run.warp, -1);
    return run.register(0, 0)[0] & (types.startsWith("f16") ? 0xffffL : 0xffff_ffffL);
  }

  private static long half(double value) {
    return Float.floatToFloat16((float) value) & 0xffff;
  }

  @Test
  void resultsInHalvesAreRoundedOnceAndToNearestEven() {
    // Between 2048 and 4096 the step is 2.
    assertEquals(half(2048), corner("f16.f16.f16.f16", half(2048), half(1), half(1), 0, 0));
    assertEquals(half(2052), corner("f16.f16.f16.f16", half(2048), half(3), half(1), 0, 0));
    // What is a little above the middle goes up, although in between a float could not tell it from
    // the middle.
    long tiny = half(0x1p-20);
    assertEquals(half(2050), corner("f16.f16.f16.f16", half(2048), half(1), half(1), tiny, tiny));
    assertEquals(
        half(2050), corner("f16.f16.f16.f16", half(2048), half(3), half(1), tiny | 0x8000, tiny));
    assertEquals(0x7C00, corner("f16.f16.f16.f16", half(65504), half(16), half(1), 0, 0));
    assertEquals(0xFC00, corner("f16.f16.f16.f16", half(-65504), half(-64), half(1), 0, 0));
    assertEquals(half(65504), corner("f16.f16.f16.f16", half(65504), half(15), half(1), 0, 0));
  }

  @Test
  void resultsInSinglesAreRoundedOnce() {
    long big = Float.floatToRawIntBits(0x1p24f);
    assertEquals(big, corner("f32.f16.f16.f32", big, half(1), half(1), 0, 0));
    assertEquals(
        big + 1, corner("f32.f16.f16.f32", big, half(1), half(1), half(0x1p-10), half(0x1p-10)));
    assertEquals(
        Float.floatToRawIntBits(0x1p-48f),
        corner("f32.f16.f16.f32", 0, half(0x1p-24), half(0x1p-24), 0, 0));
  }

  @Test
  void notANumberHasOneForm() {
    assertEquals(0x7fff_ffffL, corner("f32.f16.f16.f32", 0xffc0_1234L, half(1), half(1), 0, 0));
    assertEquals(0x7fff, corner("f16.f16.f16.f16", 0xfe01, half(1), half(1), 0, 0));
    assertEquals(0x7fff_ffffL, corner("f32.f16.f16.f32", 0, 0x7c00, 0, 0, 0));
  }

  @Test
  void onlyNineteenBitsOfATf32Count() {
    Run run = new Run(product(MatrixTable.SINGLE_K4, "f32.tf32.tf32.f32", ""));
    run.register(1, 0)[0] = 0x3F80_1FFF;
    run.register(2, 0)[0] = 0x3F80_3FFF;
    run.step.run(run.warp, -1);
    assertEquals(0x3F80_2000, (int) run.register(0, 0)[0]);
  }

  @Test
  void doublesAreFused() {
    Run run = new Run(product(MatrixTable.DOUBLE_K4, "f64.f64.f64.f64", ""));
    double third = 1.0 / 3;
    run.register(1, 0)[0] = Double.doubleToRawLongBits(third);
    run.register(2, 0)[0] = Double.doubleToRawLongBits(3);
    run.register(3, 0)[0] = Double.doubleToRawLongBits(-1);
    run.step.run(run.warp, -1);
    // 3 * (1/3 rounded) is 1 - 2^-54 exactly, which is 1 when it is rounded before the sum.
    assertEquals(-0x1p-54, Double.longBitsToDouble(run.register(0, 0)[0]));
  }

  @Test
  void destinationsMayBeSources() {
    MatrixTable table = MatrixTable.HALF_K16;
    Random random = new Random(9);
    long[][] a = random(random, table.rows, table.inner, -5, 5);
    long[][] b = random(random, table.inner, MatrixTable.COLUMNS, -5, 5);
    long[][] c = random(random, table.rows, MatrixTable.COLUMNS, -5, 5);
    Run run =
        new Run(
            "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%a0, %a1, %b0, %c3}, {%a0, %a1, %a2, %a3}, {%b0, %b1},"
                + " {%c0, %c1, %c2, %c3}");
    scatter(run, 1, "f16", table::a, a);
    scatter(run, 2, "f16", table::b, b);
    scatter(run, 3, "f32", MatrixTable::c, c);
    run.step.run(run.warp, -1);
    assertArrayEquals(expected(a, b, c), gather(run, "f32", table.rows));
  }

  @Test
  void movmatrixTransposes() {
    Run run = new Run("movmatrix.sync.aligned.m8n8.trans.b16 %d0, %d0");
    long[] register =
        run.warp.r[run.scope.destination(run.instruction, run.instruction.operand(0))];
    for (int row = 0; row < 8; row++) {
      for (int column = 0; column < 8; column++) {
        register[4 * row + column / 2] |= (long) (100 * row + column) << 16 * (column % 2);
      }
    }
    run.step.run(run.warp, -1);
    for (int row = 0; row < 8; row++) {
      for (int column = 0; column < 8; column++) {
        long element = register[4 * row + column / 2] >>> 16 * (column % 2) & 0xffff;
        assertEquals(100 * column + row, element, row + ", " + column);
      }
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      value = {
        "mma.sp.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%d0,%d1,%d2,%d3}, {%a0,%a1}, {%b0,%b1}, {%c0,%c1,%c2,%c3}, %a4, 0x0; mma.sp",
        "mma.sync.aligned.m16n8k32.row.col.f32.e4m3.e4m3.f32 {%d0,%d1,%d2,%d3}, {%a0,%a1,%a2,%a3}, {%b0,%b1}, {%c0,%c1,%c2,%c3}; e4m3",
        "mma.sync.aligned.m16n8k32.row.col.s32.s4.s4.s32 {%d0,%d1,%d2,%d3}, {%a0,%a1}, {%b0}, {%c0,%c1,%c2,%c3}; s4",
        "mma.sync.aligned.m16n8k16.row.col.f32.f16.bf16.f32 {%d0,%d1,%d2,%d3}, {%a0,%a1,%a2,%a3}, {%b0,%b1}, {%c0,%c1,%c2,%c3}; f16.bf16",
        "mma.sync.aligned.m16n8k16.row.col.f16.bf16.bf16.f16 {%d0,%d1}, {%a0,%a1,%a2,%a3}, {%b0,%b1}, {%c0,%c1}; bf16",
        "mma.sync.aligned.m8n8k4.row.col.f32.f16.f16.f32 {%d0}, {%a0}, {%b0}, {%c0}; m8n8k4",
        "mma.sync.aligned.m16n8k16.row.row.f32.f16.f16.f32 {%d0,%d1,%d2,%d3}, {%a0,%a1,%a2,%a3}, {%b0,%b1}, {%c0,%c1,%c2,%c3}; row.col",
        "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%d0,%d1,%d2,%d3}, {%a0,%a1}, {%b0,%b1}, {%c0,%c1,%c2,%c3}; takes 4",
        "mma.sync.aligned.m16n8k8.row.col.satfinite.f32.f16.f16.f32 {%d0,%d1,%d2,%d3}, {%a0,%a1}, {%b0}, {%c0,%c1,%c2,%c3}; satfinite",
        "wmma.mma.sync.aligned.row.col.m8n8k32.s32.s4.s4.s32 {%d0,%d1}, {%a0}, {%b0}, {%c0,%c1}; s4",
        "wmma.load.a.sync.aligned.row.m16n16k8.f16 {%d0,%d1}, [%rd1]; m16n16k8",
        "wmma.load.c.sync.aligned.row.m16n16k16.f32 {%d0,%d1}, [%rd1]; registers",
        "ldmatrix.sync.aligned.m16n16.x1.trans.shared.b8 {%d0,%d1}, [%rd1]; m16n16",
        "ldmatrix.sync.aligned.m8n8.x2.global.b16 {%d0,%d1}, [%rd1]; global",
        "ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%d0,%d1}, [%rd1]; takes 4",
        "stmatrix.sync.aligned.m8n8.x1.shared.b16 [%rd1], {%d0,%d1}; takes 1",
        "movmatrix.sync.aligned.m8n8.b16 %d0, %d1; movmatrix"
      })
  void whatIsNotKnownIsRefusedWithItsLine(String instruction, String part) {
    PtxException refusal = assertThrows(PtxException.class, () -> new Run(instruction));
    assertEquals(8, refusal.line());
    assertTrue(refusal.getMessage().contains(part), refusal.getMessage());
  }

  @Test
  void fragmentsOfWmmaHoldEveryElement() {
    for (List<Integer> one :
        List.of(List.of(16, 16, 16), List.of(32, 8, 16), List.of(8, 32, 16), List.of(16, 8, 4))) {
      int rows = one.get(0);
      int columns = one.get(1);
      Fragment fragment = Fragment.wmma(Type.F16, rows, columns, one.get(2));
      boolean[] held = new boolean[rows * columns];
      for (int lane = 0; lane < Warp.LANES; lane++) {
        for (int i = 0; i < one.get(2); i++) {
          held[fragment.place(lane, i)] = true;
        }
      }
      for (int i = 0; i < held.length; i++) {
        assertTrue(held[i], rows + " x " + columns + ": element " + i);
      }
    }
  }
}
