/** An id as the serialNumber of a subject: a PrintableString, which has no underscore (X.680 §41.4). */
export const subjectNumber = (id: string): string => id.replaceAll('_', '-')
