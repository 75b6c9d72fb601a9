package dev.tandem.ptx.text;

import java.util.List;
import java.util.Optional;

/**
 * One instruction: {@code @%p1 ld.global.v2.f32 {%f1, %f2}, [%rd1];} has opcode {@code ld} and modifiers {@code global, v2,
 * f32}.
 *
 * @param line where it stands in the PTX
 * @param source the line of the original source, or null
 * @param guard the predicate, or null
 */
public record Instruction(
    int line,
    SourceLine source,
    Guard guard,
    String opcode,
    List<String> modifiers,
    List<Operand> operands) {
  public boolean has(String modifier) {
    return modifiers.contains(modifier);
  }

  /** The types among the modifiers, in order: {@code cvt.rn.f16.f32} has two. */
  public List<Type> types() {
    return modifiers.stream().map(Type::of).flatMap(Optional::stream).toList();
  }

  /** The last type, which for most instructions is the only one. */
  public Type type() {
    List<Type> types = types();
    if (types.isEmpty()) {
      throw new PtxException(line, name() + ": has no type; write one");
    }
    return types.getLast();
  }

  /** The space among the modifiers, or generic. */
  public Space space() {
    return modifiers.stream()
        .map(Space::of)
        .flatMap(Optional::stream)
        .findFirst()
        .orElse(Space.GENERIC);
  }

  public Operand operand(int i) {
    if (i >= operands.size()) {
      throw new PtxException(line, name() + ": too few operands, got " + operands.size());
    }
    return operands.get(i);
  }

  /** Opcode and modifiers as written, {@code "ld.global.v2.f32"}. */
  public String name() {
    return modifiers.isEmpty() ? opcode : opcode + "." + String.join(".", modifiers);
  }

  /** Refuses it. */
  public PtxException unknown(String why) {
    return new PtxException(line, name() + ": " + why);
  }
}
