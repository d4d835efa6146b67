import { CutPlan } from '../segment/cutPlan.ts';
import { judgeSource, type SourceJudgement, type SourceLimits } from '../segment/judgeSource.ts';
import type { SegmentSink } from '../segment/segment.ts';
import { Segmenter } from '../segment/segmenter.ts';
import type { SourceFacts } from '../segment/sourceFacts.ts';

/** What the source of a stream that copies it has come to. */
export type SourceChange = { kind: 'fallback'; judgement: SourceJudgement } | { kind: 'restored' };

/** A source has to be well for so long before it is copied again; twice as long after each further fall-back. */
const FIRST_PROOF_SECONDS = 20;
const LONGEST_PROOF_SECONDS = 600;

/**
 * Decides, for a stream that copies its source's picture, whether that picture can be copied: what a copied rendition shows
 * is judged, and while it is encoded instead, the source is watched until it has been well for some time.
 */
export class SourceGuard {
  readonly #limits: SourceLimits;
  readonly #onChange: (change: SourceChange) => void;
  readonly #onCutWanted: () => void;
  /** The fault is that of a codec that is never copied: known before its span begins. */
  #isOtherCodec = false;
  #fault: SourceJudgement | undefined;
  #proofSeconds = FIRST_PROOF_SECONDS;
  #formatChanges = 0;
  readonly #copies: boolean;

  /**
   * @param options.copies whether the profile copies the picture at all
   * @param options.onChange the next span has to be made in another way; called before it begins
   */
  constructor(options: {
    copies: boolean;
    limits: SourceLimits;
    onChange: (change: SourceChange) => void;
    onCutWanted: () => void;
  }) {
    this.#copies = options.copies;
    this.#limits = options.limits;
    this.#onChange = options.onChange;
    this.#onCutWanted = options.onCutWanted;
  }

  /** The source cannot be copied now. */
  get isFallback(): boolean {
    return this.#fault !== undefined;
  }

  /** A span with this codec begins. Only H.264 is copied: HEVC in MPEG-TS plays almost nowhere. */
  noteCodec(codec: string): void {
    if (!this.#copies) return;
    if (codec === 'h264') {
      if (this.#isOtherCodec) this.#restore();
    } else if (this.#fault === undefined) {
      this.#isOtherCodec = true;
      this.#fallBack({ fault: 'codec', message: `The picture is ${codec}, not H.264` });
    }
  }

  /** The picture's size or the streams have changed. */
  noteFormatChange(): void {
    this.#formatChanges += 1;
  }

  /** Judges a source that is copied. True: it can go on. */
  accepts(facts: SourceFacts): boolean {
    if (this.#fault !== undefined) return false;
    const judgement = this.#judge(facts);
    if (judgement === undefined) return true;
    this.#fallBack(judgement);
    this.#onCutWanted();
    return false;
  }

  /** Watches a source that is encoded for a fault's sake. Give it all media of one span, in chunks of any size. */
  watch(): (chunk: Buffer) => void {
    let segmenter = newWatch();
    return chunk => {
      if (this.#fault === undefined) return;
      segmenter.push(chunk);
      const { facts } = segmenter;
      if (facts.keysRead > 0 && this.#judge(facts) !== undefined) {
        segmenter = newWatch();
        this.#formatChanges = 0;
      } else if (facts.keysRead > 1 && facts.seconds >= this.#proofSeconds) {
        this.#restore();
        this.#onCutWanted();
      }
    };
  }

  #judge(facts: SourceFacts): SourceJudgement | undefined {
    return judgeSource({ ...facts, formatChanges: facts.formatChanges + this.#formatChanges }, this.#limits);
  }

  #fallBack(judgement: SourceJudgement): void {
    this.#fault = judgement;
    this.#onChange({ kind: 'fallback', judgement });
  }

  #restore(): void {
    this.#fault = undefined;
    this.#isOtherCodec = false;
    this.#formatChanges = 0;
    this.#proofSeconds = Math.min(2 * this.#proofSeconds, LONGEST_PROOF_SECONDS);
    this.#onChange({ kind: 'restored' });
  }
}

const nowhere: SegmentSink = { onOpen: () => undefined, onBytes: () => undefined, onClose: () => undefined };

const newWatch = (): Segmenter =>
  new Segmenter({ cuts: new CutPlan({ firstNumber: 0, targetSeconds: 2 }).rung(), sink: nowhere });
