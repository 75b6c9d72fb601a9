package dev.tandem.ptx.machine;

import dev.tandem.ptx.text.Instruction;
import dev.tandem.ptx.text.Operand;
import dev.tandem.ptx.text.Type;
import java.util.ArrayList;
import java.util.List;

/** Decodes {@code mov}: copies, reading special registers and addresses, packing and unpacking. */
final class MoveSteps {
  private MoveSteps() {}

  static Step decode(Instruction instruction, Scope scope) {
    Type type = instruction.type();
    Operand to = instruction.operand(0);
    Operand from = instruction.operand(1);
    if (instruction.modifiers().size() != 1 || instruction.operands().size() != 2) {
      throw instruction.unknown("has one type and two operands");
    }
    if (!movable(type)) {
      throw instruction.unknown("moves no " + type.word() + "; use the bits of its width");
    }
    if (type == Type.PRED) {
      PredicateOperand source = PredicateOperand.of(instruction, from, scope);
      int slot = scope.predicate(instruction, to);
      return new PredicateStep(instruction, slot, BooleanOperation.OR, source, source);
    }
    if (to instanceof Operand.Vector vector) {
      return unpack(instruction, scope, vector.parts());
    }
    if (from instanceof Operand.Vector vector) {
      return pack(instruction, scope, vector.parts());
    }
    if (from instanceof Operand.FunctionAddress function) {
      throw instruction.unknown(
          "takes the address of function "
              + function.name()
              + "; calls by address are not executed");
    }
    int slot = scope.destination(instruction, to);
    if (from instanceof Operand.Special special && Specials.clock(special.name())) {
      return new ClockStep(instruction, slot, special.name());
    }
    CopyStep copy = new CopyStep(instruction, slot, scope.source(instruction, from, type));
    if (type != Type.B128) {
      return copy;
    }
    int high = scope.high(instruction, to);
    return StepSequence.of(
        instruction, List.of(copy, new CopyStep(instruction, high, scope.high(instruction, from))));
  }

  static boolean movable(Type type) {
    return switch (type) {
      case PRED, B16, U16, S16, B32, U32, S32, F32, B64, U64, S64, F64, B128 -> true;
      default -> false;
    };
  }

  private static Step unpack(Instruction instruction, Scope scope, List<Operand> parts) {
    Operand from = instruction.operand(1);
    Type type = instruction.type();
    int bits = width(instruction, parts);
    Type part = bits == 8 ? Type.B8 : bits == 16 ? Type.B16 : bits == 32 ? Type.B32 : Type.B64;
    List<Step> steps = new ArrayList<>();
    for (int i = 0; i < parts.size(); i++) {
      if (parts.get(i) instanceof Operand.Sink) {
        continue;
      }
      int at = i * bits;
      int source = at < 64 ? scope.source(instruction, from, type) : scope.high(instruction, from);
      Form form = Form.of(part, bits("above", at % 64), Type.B64);
      int slot = scope.destination(instruction, parts.get(i));
      steps.add(LoopFactory.step(form, instruction, slot, source));
    }
    return StepSequence.of(instruction, steps);
  }

  private static Step pack(Instruction instruction, Scope scope, List<Operand> parts) {
    Operand to = instruction.operand(0);
    int bits = width(instruction, parts);
    if (instruction.type() != Type.B128) {
      return pack(instruction, scope, scope.destination(instruction, to), parts, bits);
    }
    int half = parts.size() / 2;
    int low = scope.destination(instruction, to);
    int high = scope.high(instruction, to);
    return StepSequence.of(
        instruction,
        List.of(
            pack(instruction, scope, low, parts.subList(0, half), bits),
            pack(instruction, scope, high, parts.subList(half, parts.size()), bits)));
  }

  /** Packs up to 64 bits. */
  private static Step pack(
      Instruction instruction, Scope scope, int to, List<Operand> parts, int bits) {
    Type part = bits == 64 ? Type.B64 : bits == 32 ? Type.B32 : Type.B16;
    int[] from = new int[parts.size() == 2 && bits >= 16 ? 2 : 4];
    for (int i = 0; i < from.length; i++) {
      Operand operand = i < parts.size() ? parts.get(i) : new Operand.IntegerLiteral(0);
      from[i] = scope.source(instruction, operand, part);
    }
    if (parts.size() == 1) {
      return new CopyStep(instruction, to, from[0]);
    }
    Form form;
    if (from.length == 4) {
      form = Form.uniform(Type.B64, bits("quad", bits));
    } else if (bits == 16) {
      form = Form.uniform(Type.B32, bits("pair16"));
    } else {
      form = Form.uniform(Type.B64, bits("pair32"));
    }
    return LoopFactory.step(form, instruction, to, from);
  }

  private static int width(Instruction instruction, List<Operand> parts) {
    int bits = instruction.type().bits() / parts.size();
    if ((parts.size() != 2 && parts.size() != 4) || bits < 8 || instruction.type().bits() < 16) {
      throw instruction.unknown("cannot be made of " + parts.size() + " parts");
    }
    return bits;
  }

  private static Scalar bits(String name, Object... constants) {
    return Scalar.of(Bits.class, name, constants);
  }
}
