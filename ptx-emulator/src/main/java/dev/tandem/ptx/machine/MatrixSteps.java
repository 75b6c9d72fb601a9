package dev.tandem.ptx.machine;

import dev.tandem.ptx.text.Instruction;
import dev.tandem.ptx.text.Operand;
import dev.tandem.ptx.text.Type;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Makes the steps of matrix instructions: mma, wmma, ldmatrix, stmatrix, movmatrix. */
final class MatrixSteps {
  /** Shapes of mma that are known, by the type of A and B. */
  private static final Map<Type, Set<String>> MMA =
      Map.of(
          Type.F16, Set.of("m16n8k8", "m16n8k16"),
          Type.BF16, Set.of("m16n8k8", "m16n8k16"),
          Type.TF32, Set.of("m16n8k4", "m16n8k8"),
          Type.F64, Set.of("m8n8k4"),
          Type.S8, Set.of("m8n8k16", "m16n8k16", "m16n8k32"),
          Type.U8, Set.of("m8n8k16", "m16n8k16", "m16n8k32"));

  private MatrixSteps() {}

  static Step decode(Instruction instruction, Scope scope) {
    if (!instruction.has("sync") || !instruction.has("aligned")) {
      throw instruction.unknown("is known only as .sync.aligned");
    }
    return switch (instruction.opcode()) {
      case "mma" -> mma(instruction, scope);
      case "wmma" -> WmmaSteps.decode(instruction, scope);
      case "ldmatrix", "stmatrix" -> MatrixCopy.decode(instruction, scope);
      default -> TransposeStep.decode(instruction, scope);
    };
  }

  private static Step mma(Instruction instruction, Scope scope) {
    checkModifiers(instruction, Set.of("sync", "aligned", "row", "col", "satfinite"));
    List<Type> types = instruction.types();
    if (types.size() != 4 || !instruction.has("row") || !instruction.has("col")) {
      throw instruction.unknown("needs .row.col and four types");
    }
    Type a = types.get(1);
    Type b = types.get(2);
    Size size = size(instruction);
    boolean integer = a == Type.S8 || a == Type.U8;
    boolean mixed = integer ? b != Type.S8 && b != Type.U8 : a != b;
    if (mixed || !MMA.getOrDefault(a, Set.of()).contains(size.word())) {
      throw instruction.unknown("is not known in this shape with these types");
    }
    checkResult(instruction, a, types.get(0), types.get(3));
    MatrixProduct.Shape shape =
        new MatrixProduct.Shape(
            Fragment.mma(Fragment.Role.A, a, size.m(), size.n(), size.k()),
            Fragment.mma(Fragment.Role.B, b, size.m(), size.n(), size.k()),
            Fragment.mma(Fragment.Role.C, types.get(3), size.m(), size.n(), size.k()),
            Fragment.mma(Fragment.Role.C, types.get(0), size.m(), size.n(), size.k()));
    return product(instruction, scope, shape);
  }

  /** A product step for operands d, a, b, c. */
  static Step product(Instruction instruction, Scope scope, MatrixProduct.Shape shape) {
    MatrixProduct.Slots slots =
        new MatrixProduct.Slots(
            sources(instruction, scope, 1, shape.a()),
            sources(instruction, scope, 2, shape.b()),
            sources(instruction, scope, 3, shape.c()),
            destinations(instruction, scope, 0, shape.d().registers()));
    boolean integer = shape.d().type() == Type.S32;
    if (instruction.has("satfinite") && !integer) {
      throw instruction.unknown(".satfinite is known for integers only");
    }
    return new MatrixProduct(instruction, shape, slots, instruction.has("satfinite"));
  }

  /** Whether C and D may have these types. */
  static void checkResult(Instruction instruction, Type a, Type d, Type c) {
    Set<Type> results =
        switch (a) {
          case F16 -> Set.of(Type.F16, Type.F32);
          case F64 -> Set.of(Type.F64);
          case S8, U8 -> Set.of(Type.S32);
          default -> Set.of(Type.F32);
        };
    if (!results.contains(d) || !results.contains(c)) {
      throw instruction.unknown("is not known with these types of result");
    }
  }

  /** {@code m16n8k16} in numbers. */
  record Size(String word, int m, int n, int k) {}

  static Size size(Instruction instruction) {
    for (String word : instruction.modifiers()) {
      if (word.matches("m\\d+n\\d+k\\d+")) {
        String[] numbers = word.split("\\D");
        return new Size(
            word,
            Integer.parseInt(numbers[1]),
            Integer.parseInt(numbers[2]),
            Integer.parseInt(numbers[3]));
      }
    }
    throw instruction.unknown("has no shape");
  }

  /** Refuses modifiers that are neither types, shapes nor among those named: sparse, scaled and the like. */
  static void checkModifiers(Instruction instruction, Set<String> known) {
    for (String word : instruction.modifiers()) {
      if (!known.contains(word) && Type.of(word).isEmpty() && !word.matches("m\\d+n\\d+k\\d+")) {
        throw instruction.unknown("." + word + " is not known");
      }
    }
  }

  private static int[] sources(
      Instruction instruction, Scope scope, int operand, Fragment fragment) {
    List<Operand> parts = parts(instruction, operand, fragment.registers());
    Type word = fragment.type() == Type.F64 ? Type.F64 : Type.B32;
    return parts.stream().mapToInt(part -> scope.source(instruction, part, word)).toArray();
  }

  static int[] sources(Instruction instruction, Scope scope, int operand, int count) {
    return parts(instruction, operand, count).stream()
        .mapToInt(part -> scope.source(instruction, part, Type.B32))
        .toArray();
  }

  static int[] destinations(Instruction instruction, Scope scope, int operand, int count) {
    return parts(instruction, operand, count).stream()
        .mapToInt(part -> scope.destination(instruction, part))
        .toArray();
  }

  /** The registers of an operand, which may be written without braces if it is one. */
  private static List<Operand> parts(Instruction instruction, int operand, int count) {
    List<Operand> parts = vector(instruction.operand(operand));
    if (parts.size() != count) {
      throw instruction.unknown(
          "operand " + operand + " has " + parts.size() + " registers; it takes " + count);
    }
    return parts;
  }

  static List<Operand> vector(Operand operand) {
    return operand instanceof Operand.Vector vector ? vector.parts() : List.of(operand);
  }
}
