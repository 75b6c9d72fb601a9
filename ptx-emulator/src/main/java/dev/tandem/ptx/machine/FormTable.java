package dev.tandem.ptx.machine;

import dev.tandem.ptx.text.Type;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** All forms of instructions that are one function of a lane's operands, by name. */
final class FormTable {
  private final Map<String, Form> forms = new HashMap<>();
  private final List<String> names = new ArrayList<>();

  private FormTable() {}

  static FormTable complete() {
    FormTable table = new FormTable();
    IntegerForms.fill(table);
    CarryForms.fill(table);
    BitForms.fill(table);
    FloatForms.fill(table);
    HalfForms.fill(table);
    ComparisonForms.fill(table);
    ConversionForms.fill(table);
    return table;
  }

  /**
   * Puts in a form.
   *
   * @param name as the PTX ISA writes it, {@code "fma.rn.ftz.f32"}
   */
  void add(String name, Form form) {
    if (forms.put(key(List.of(name.split("\\."))), form) != null) {
      throw new IllegalStateException("forms: two of one name, " + name);
    }
    names.add(name);
  }

  /** The form of a name, whose modifiers may stand in any order as long as its types keep theirs. */
  Optional<Form> find(String opcode, List<String> modifiers) {
    List<String> words = new ArrayList<>();
    words.add(opcode);
    words.addAll(modifiers);
    return Optional.ofNullable(forms.get(key(words)));
  }

  List<String> names() {
    return names;
  }

  private static String key(List<String> words) {
    List<String> types = new ArrayList<>();
    List<String> others = new ArrayList<>();
    for (String word : words.subList(1, words.size())) {
      (Type.of(word).isPresent() ? types : others).add(word);
    }
    others.sort(null);
    return words.getFirst() + others + types;
  }
}
