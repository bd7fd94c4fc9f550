/** Derives the schema of an override: the same fields as the section it overrides, none required, none defaulted. */
import * as z from "zod";

type WithoutDefault<Field> = Field extends z.ZodDefault<infer Inner> | z.ZodPrefault<infer Inner> ? Inner : Field;

type OverrideShape<Shape extends z.ZodRawShape> = {
  [Name in keyof Shape]: z.ZodOptional<Extract<WithoutDefault<Shape[Name]>, z.ZodType>>;
};

/**
 * The section's fields, each optional and without its default, so that an absent field means "as the section says".
 *
 * @param section a schema whose fields carry their defaults
 */
export function overrideOf<Shape extends z.ZodRawShape>(
  section: z.ZodObject<Shape>,
): z.ZodObject<OverrideShape<Shape>> {
  const fields = Object.entries(section.shape).map(([name, field]) => {
    const inner = field instanceof z.ZodDefault || field instanceof z.ZodPrefault ? field.unwrap() : field;
    const meta = field instanceof z.ZodType ? field.meta() : undefined;
    return [name, z.optional(inner).meta(meta ?? {})] as const;
  });
  return z.strictObject(Object.fromEntries(fields)) as unknown as z.ZodObject<OverrideShape<Shape>>;
}
