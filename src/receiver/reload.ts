import type { Registration } from './registration.js';
import type { Report } from './report.js';

const isSame = (one: Registration, other: Registration): boolean => String(one.types) === String(other.types);

/**
 * Merges handlers that were registered after a request into those registered before. A reloaded module registers its handlers again, so
 * they replace those of the same types, one for one. If the numbers differ, some belong to other modules and it is unknown which, so the
 * new ones are added. Only development loads this module.
 */
export function mergeLate(
  registrations: Registration[],
  late: readonly Registration[],
  report: Report,
): void {
  const before = [...registrations];
  for (const one of late) {
    const siblings = late.filter((each) => isSame(each, one));
    const candidates = before.filter((each) => isSame(each, one));
    const replaced = siblings.length === candidates.length ? candidates[siblings.indexOf(one)] : undefined;
    const position = replaced ? registrations.indexOf(replaced) : registrations.length;
    registrations.splice(position, replaced ? 1 : 0, one);
    void report((reporter) => {
      reporter.registeredLate(one.types, replaced !== undefined);
    });
  }
}
