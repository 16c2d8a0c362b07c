(* The ring Z[sqrt d], for d > 0: (a, b) stands for a + b sqrt d. The sign of a + b sqrt d is decided by comparing a^2 with
   d b^2. (If d is a square, different pairs may be the same number; nothing below minds.) *)
From Coq Require Import Reals ZArith List Lra Psatz Bool.
From Pep Require Import Ring.
Open Scope R_scope.

Section Quadratic.
Variable d : positive.
Notation pair_ := (Z * Z)%type.

Definition qadd (x y : pair_) : pair_ := (fst x + fst y, snd x + snd y)%Z.
Definition qmul (x y : pair_) : pair_ := let '(a, b) := x in let '(c, e) := y in
  match b, e with
  | Z0, Z0 => (a * c, 0)%Z
  | Z0, _ => (a * c, a * e)%Z
  | _, Z0 => (a * c, b * c)%Z
  | _, _ => (a * c + Z.pos d * (b * e), a * e + b * c)%Z
  end.
Definition qopp (x : pair_) : pair_ := (- fst x, - snd x)%Z.
Definition qzero (x : pair_) : bool := ((0 =? fst x) && (0 =? snd x))%Z.
Definition qnonnegative (x : pair_) : bool := (let '(a, b) := x in
  if 0 <=? a then (if 0 <=? b then true else Z.pos d * (b * b) <=? a * a)
  else (if 0 <=? b then a * a <=? Z.pos d * (b * b) else false))%Z.
Definition qbound (x : pair_) : pair_ := if qnonnegative x then x else qopp x.

Definition quadratic : ring :=
  Ring pair_ (0, 0)%Z (1, 0)%Z qadd qmul qopp qzero qnonnegative qbound (fun z => (z, 0%Z)) 2
    (fun l => (hd 0%Z l, hd 0%Z (tl l))).

Definition qvalue (x : pair_) : R := IZR (fst x) + IZR (snd x) * sqrt (IZR (Z.pos d)).

Let root := sqrt (IZR (Z.pos d)).
Lemma root_square : root * root = IZR (Z.pos d).
Proof. apply sqrt_sqrt. apply IZR_le. discriminate. Qed.
Lemma root_pos : 0 < root.
Proof. apply sqrt_lt_R0. apply IZR_lt. reflexivity. Qed.

Lemma qmul_ok : forall x y, qvalue (qmul x y) = qvalue x * qvalue y.
Proof.
  intros [a b] [c e].
  assert (forall A B C D, (A + B * root) * (C + D * root) = (A * C + IZR (Z.pos d) * (B * D)) + (A * D + B * C) * root) as Em
    by (intros A B C D; rewrite <- root_square; ring).
  unfold qmul, qvalue. fold root.
  destruct b as [|b|b], e as [|e|e]; cbn [fst snd]; rewrite Em, ?plus_IZR, ?mult_IZR, ?plus_IZR, ?mult_IZR; ring.
Qed.

Lemma qsign : forall x, if qnonnegative x then 0 <= qvalue x else qvalue x <= 0.
Proof.
  intros [a b]. unfold qnonnegative, qvalue. cbn [fst snd]. fold root. pose proof root_pos as P.
  assert ((IZR a + IZR b * root) * (IZR a - IZR b * root) = IZR a * IZR a - IZR (Z.pos d) * (IZR b * IZR b)) as Q
    by (rewrite <- root_square; ring).
  destruct (Z.leb_spec 0 a) as [A|A]; destruct (Z.leb_spec 0 b) as [B|B].
  - apply IZR_le in A, B. nra.
  - apply IZR_le in A. apply IZR_lt in B. assert (0 < - (IZR b * root)) by nra.
    destruct (Z.leb_spec (Z.pos d * (b * b)) (a * a)) as [L|L]; [apply IZR_le in L | apply IZR_lt in L];
      rewrite !mult_IZR in L; set (x := IZR a) in *; set (y := IZR b * root) in *; apply Rnot_lt_le; intro; nra.
  - apply IZR_lt in A. apply IZR_le in B. assert (0 <= IZR b * root) by nra.
    destruct (Z.leb_spec (a * a) (Z.pos d * (b * b))) as [L|L]; [apply IZR_le in L | apply IZR_lt in L];
      rewrite !mult_IZR in L; set (x := IZR a) in *; set (y := IZR b * root) in *; apply Rnot_lt_le; intro; nra.
  - apply IZR_lt in A, B. nra.
Qed.

Definition quadratic_real : realisation quadratic.
Proof.
  refine (Realisation quadratic qvalue _ _ _ qmul_ok _ _ _ _ _).
  - unfold qvalue; simpl; ring.
  - unfold qvalue; simpl; ring.
  - intros [a b] [c e]. unfold qvalue; simpl. rewrite !plus_IZR. ring.
  - intros [a b]. unfold qvalue; simpl. rewrite !opp_IZR. ring.
  - intro z. unfold qvalue; simpl. ring.
  - intros [a b] H. simpl in H. unfold qzero in H. apply andb_true_iff in H. destruct H as [A B].
    apply Z.eqb_eq in A, B. simpl in *. subst. unfold qvalue; simpl; ring.
  - intros x H. pose proof (qsign x) as D. simpl in H. rewrite H in D. exact D.
  - intro x. pose proof (qsign x) as D. simpl. unfold qbound. destruct (qnonnegative x).
    + rewrite Rabs_pos_eq by exact D. lra.
    + rewrite Rabs_left1 by exact D. destruct x as [a b]. unfold qvalue; simpl. rewrite !opp_IZR. lra.
Defined.
End Quadratic.
