/** Why a figure of a driver is shown and not ranked with those of others: it was not the same work, or is not the whole of it. */
export type ApartReason = 'copiedAhead' | 'smallerFile' | 'cutOff';
