package dev.tandem.cli.config;

import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** What may be written where, as the config's records declare it. */
sealed interface Schema {
  /** A number of at most so many bits, whole or not. */
  record Numeric(boolean whole, long least, long greatest) implements Schema {}

  record Flag() implements Schema {}

  record Words() implements Schema {}

  /** A path, relative to the folder of the file that names it. */
  record FilePath() implements Schema {}

  /** A word of a few. @param names each spelling, and the name it stands for */
  record Word(Class<?> type, Map<String, String> names) implements Schema {}

  record Maybe(Schema inner) implements Schema {}

  /** Entries of one type. */
  record Listed(java.lang.reflect.Type entry) implements Schema {
    Schema inner() {
      return of(entry);
    }
  }

  /** A record. */
  record Section(Class<?> type) implements Schema {
    List<Key> keys() {
      return Stream.of(type.getRecordComponents()).map(Key::new).toList();
    }

    Optional<Key> key(String name) {
      return keys().stream().filter(key -> key.name().equals(name)).findFirst();
    }

    /** What to do about a key that is none of these: a key of a section below that is spelled so comes before one that is near. */
    String remedy(String written) {
      String plain = Spelling.plain(written);
      return spellings().containsKey(plain)
          ? Spelling.remedy(written, spellings(), "keys")
          : below(plain, false)
              .or(() ->
                  below(plain, true)) // a kind's keys may be those of a kind that is not meant
              .map(path -> "did you mean '" + path + "'?")
              .orElseGet(() -> Spelling.remedy(written, spellings(), "keys"));
    }

    /** The path, from here, of the first key one or more sections below with this spelling. */
    private Optional<String> below(String written, boolean kinds) {
      for (Key key : keys()) {
        for (Section inner : key.sections(kinds)) {
          Optional<String> found =
              Optional.ofNullable(inner.spellings().get(written))
                  .or(() -> inner.below(written, kinds));
          if (found.isPresent()) {
            return found.map(path -> key.name() + "." + path);
          }
        }
      }
      return Optional.empty();
    }

    /** Each spelling of each key, and the key it stands for. */
    Map<String, String> spellings() {
      Map<String, String> spellings = new LinkedHashMap<>();
      keys().forEach(key -> spellings.put(key.name(), key.name()));
      keys()
          .forEach(key ->
              Arrays.stream(key.setting().mistaken()).forEach(m -> spellings.put(m, key.name())));
      return spellings;
    }
  }

  /** One of the kinds of a sealed interface. */
  record Kinds(Class<?> type) implements Schema {
    Choice choice() {
      return type.getAnnotation(Choice.class);
    }

    List<Class<?>> classes() {
      return List.of(type.getPermittedSubclasses());
    }

    Optional<Section> kind(String name) {
      return classes().stream()
          .filter(kind -> Spelling.plain(Schema.name(kind)).equals(Spelling.plain(name)))
          .findFirst()
          .map(Section::new);
    }

    Map<String, String> spellings() {
      Map<String, String> spellings = new LinkedHashMap<>();
      classes().forEach(kind -> spellings.put(Schema.name(kind), Schema.name(kind)));
      classes()
          .forEach(kind ->
              Stream.of(kind.getAnnotation(Named.class).mistaken())
                  .forEach(m -> spellings.put(m, Schema.name(kind))));
      return spellings;
    }
  }

  /** A component of a record. */
  record Key(RecordComponent component) {
    String name() {
      return Spelling.snake(component.getName());
    }

    Setting setting() {
      return component.getAnnotation(Setting.class);
    }

    Schema schema() {
      return of(component.getGenericType());
    }

    /** Those whose keys may stand below this one, with those of its kinds or without. Not the kinds of a list's entries: a layer's keys have no one path. */
    List<Section> sections(boolean kinds) {
      return switch (schema() instanceof Maybe(Schema inner) ? inner : schema()) {
        case Section section -> List.of(section);
        case Kinds choice when kinds -> choice.classes().stream().map(Section::new).toList();
        case Numeric _, Flag _, Words _, FilePath _, Word _, Maybe _, Listed _, Kinds _ ->
            List.of();
      };
    }

    /** What stands for a value that was not written; empty if it must be. */
    Optional<String> otherwise() {
      if (!setting().otherwise().isEmpty()) {
        return Optional.of(setting().otherwise());
      }
      boolean bare =
          schema() instanceof Section section
              && section.keys().stream()
                  .allMatch(key -> key.schema() instanceof Maybe || key.otherwise().isPresent());
      return bare ? Optional.of("{}") : Optional.empty();
    }

    /** {@code ; give e.g. 0.01} */
    String remedy() {
      String example = setting().example().isEmpty() ? setting().otherwise() : setting().example();
      return example.isEmpty() || example.equals("{}") ? "" : "; give e.g. " + example;
    }
  }

  /** How a kind is written. */
  static String name(Class<?> kind) {
    String as = kind.getAnnotation(Named.class).as();
    return as.isEmpty() ? Spelling.snake(kind.getSimpleName()) : as;
  }

  /** How a constant is written. */
  static String name(Enum<?> constant) {
    return Spelling.snake(constant.name()).replace('_', '-');
  }

  /** What may be written for a component's type. */
  static Schema of(java.lang.reflect.Type type) {
    return switch (type) {
      case ParameterizedType generic when generic.getRawType() == Optional.class ->
          new Maybe(of(generic.getActualTypeArguments()[0]));
      case ParameterizedType generic when generic.getRawType() == List.class ->
          new Listed(generic.getActualTypeArguments()[0]);
      case Class<?> c when c == int.class || c == Integer.class ->
          new Numeric(true, Integer.MIN_VALUE, Integer.MAX_VALUE);
      case Class<?> c when c == long.class || c == Long.class ->
          new Numeric(true, Long.MIN_VALUE, Long.MAX_VALUE);
      case Class<?> c when c == double.class || c == Double.class -> new Numeric(false, 0, 0);
      case Class<?> c when c == boolean.class || c == Boolean.class -> new Flag();
      case Class<?> c when c == String.class -> new Words();
      case Class<?> c when c == Path.class -> new FilePath();
      case Class<?> c when c.isRecord() -> new Section(c);
      case Class<?> c when c.isSealed() -> new Kinds(c);
      case Class<?> c when c.isEnum() -> {
        Map<String, String> names = new LinkedHashMap<>();
        for (Object constant : c.getEnumConstants()) {
          names.put(name((Enum<?>) constant), name((Enum<?>) constant));
        }
        yield new Word(c, names);
      }
      default ->
          throw new IllegalArgumentException(
              "config: no way to write a value of this type, got " + type);
    };
  }
}
