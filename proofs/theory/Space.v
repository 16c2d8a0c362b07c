(* Real inner-product spaces.

   The inner product is only assumed positive semidefinite: <x, x> = 0 need not imply x = 0. That makes every
   theorem below a little stronger, and no proof needs more. Two vectors with the same inner products are
   [alike]; nothing that we prove can tell them apart. *)
From Coq Require Import Reals Lra Psatz.
Open Scope R_scope.

Record inner_space := InnerSpace {
  vector :> Type;
  zero : vector;
  plus : vector -> vector -> vector;
  times : R -> vector -> vector;
  inner : vector -> vector -> R;
  plus_comm : forall x y, plus x y = plus y x;
  plus_assoc : forall x y z, plus x (plus y z) = plus (plus x y) z;
  plus_zero : forall x, plus x zero = x;
  plus_opposite : forall x, plus x (times (-1) x) = zero;
  times_one : forall x, times 1 x = x;
  times_times : forall a b x, times a (times b x) = times (a * b) x;
  times_plus : forall a x y, times a (plus x y) = plus (times a x) (times a y);
  plus_times : forall a b x, times (a + b) x = plus (times a x) (times b x);
  inner_sym : forall x y, inner x y = inner y x;
  inner_plus : forall x y z, inner (plus x y) z = inner x z + inner y z;
  inner_times : forall a x z, inner (times a x) z = a * inner x z;
  inner_pos : forall x, 0 <= inner x x }.

Arguments zero {_}. Arguments plus {_}. Arguments times {_}. Arguments inner {_}.

Declare Scope vector_scope.
Delimit Scope vector_scope with V.
Bind Scope vector_scope with vector.

Definition minus {V : inner_space} (x y : V) : V := plus x (times (-1) y).
Definition norm2 {V : inner_space} (x : V) : R := inner x x.
Definition alike {V : inner_space} (x y : V) : Prop := forall z, inner x z = inner y z.

Infix "+" := plus : vector_scope.
Infix "-" := minus : vector_scope.
Infix "*" := times : vector_scope.

Arguments plus {_} (_ _)%V. Arguments times {_} _%R _%V. Arguments minus {_} (_ _)%V.
Arguments inner {_} (_ _)%V. Arguments norm2 {_} _%V. Arguments alike {_} (_ _)%V.

Section Laws.
Context {V : inner_space}.
Implicit Types x y z d : V.

Lemma inner_zero : forall z, inner zero z = 0.
Proof. intro z. rewrite <- (plus_opposite V z). rewrite inner_plus, inner_times. ring. Qed.

Lemma inner_zero_r : forall z, inner z zero = 0.
Proof. intro. rewrite inner_sym. apply inner_zero. Qed.

Lemma inner_plus_r : forall x y z, inner z (x + y) = inner z x + inner z y.
Proof. intros. rewrite inner_sym, inner_plus, (inner_sym V x), (inner_sym V y). ring. Qed.

Lemma inner_times_r : forall a x z, inner z (a * x) = a * inner z x.
Proof. intros. rewrite inner_sym, inner_times, (inner_sym V x). ring. Qed.

Lemma inner_minus : forall x y z, inner (x - y) z = inner x z - inner y z.
Proof. intros. unfold minus. rewrite inner_plus, inner_times. ring. Qed.

Lemma inner_minus_r : forall x y z, inner z (x - y) = inner z x - inner z y.
Proof. intros. unfold minus. rewrite inner_plus_r, inner_times_r. ring. Qed.

Lemma norm2_pos : forall x, 0 <= norm2 x.
Proof. intro. apply inner_pos. Qed.

Lemma times_zero : forall x, (0 * x)%V = zero.
Proof. intro x. replace 0 with (1 + (-1)) by ring. rewrite plus_times, times_one. apply plus_opposite. Qed.

(* Points of the line x + t d. *)
Lemma line_start : forall x d, (x + 0 * d)%V = x.
Proof. intros. rewrite times_zero. apply plus_zero. Qed.

Lemma line_step : forall x d t s, (x + t * d + s * d)%V = (x + (t + s) * d)%V.
Proof. intros. rewrite <- plus_assoc, plus_times. reflexivity. Qed.

Lemma line_end : forall x y, (x + 1 * (y - x))%V = y.
Proof.
  intros. unfold minus.
  rewrite times_one, (plus_comm V y), plus_assoc, plus_opposite, plus_comm. apply plus_zero.
Qed.

(* Vectors that are alike. *)
Lemma alike_refl : forall x, alike x x.
Proof. intros x z. reflexivity. Qed.

Lemma alike_sym : forall x y, alike x y -> alike y x.
Proof. intros x y H z. symmetry. apply H. Qed.

Lemma alike_trans : forall x y z, alike x y -> alike y z -> alike x z.
Proof. intros x y z H K w. rewrite H. apply K. Qed.

Lemma alike_inner : forall x x' y y', alike x x' -> alike y y' -> inner x y = inner x' y'.
Proof. intros x x' y y' H K. rewrite H, inner_sym, K. apply inner_sym. Qed.

Lemma cauchy_schwarz : forall x y, inner x y * inner x y <= norm2 x * norm2 y.
Proof.
  intros x y. unfold norm2.
  pose proof (inner_pos V (inner y y * x + (- inner x y) * y)%V) as H.
  rewrite !inner_plus, !inner_plus_r, !inner_times, !inner_times_r in H. rewrite (inner_sym V y x) in H.
  pose proof (inner_pos V y) as Hy. pose proof (inner_pos V x) as Hx.
  destruct (Req_dec (inner y y) 0) as [E|E].
  - (* |y| = 0: then <x, y> = 0, or x - t y would have a negative square for a large t *)
    assert (inner x y = 0) as ->.
    { destruct (Req_dec (inner x y) 0) as [|N]; auto. exfalso.
      pose proof (inner_pos V (x + (- (inner x x + 1) / (2 * inner x y)) * y)%V) as K.
      rewrite !inner_plus, !inner_plus_r, !inner_times, !inner_times_r, (inner_sym V y x), E in K.
      assert (forall t, t * inner x y + (t * inner x y + t * (t * 0)) = 2 * t * inner x y) by (intro; ring).
      assert (2 * (- (inner x x + 1) / (2 * inner x y)) * inner x y = - (inner x x + 1)) by (field; auto).
      nra. }
    rewrite E. lra.
  - assert (0 < inner y y) by lra.
    assert (0 <= inner y y * (inner x x * inner y y - inner x y * inner x y)) by nra.
    apply Rmult_le_reg_l with (inner y y); nra.
Qed.
End Laws.

(* Writes inner products of sums and multiples as sums and multiples of inner products. *)
Ltac expand_inner :=
  unfold norm2, minus;
  repeat rewrite ?inner_plus, ?inner_plus_r, ?inner_times, ?inner_times_r, ?inner_zero, ?inner_zero_r.
Ltac expand_inner_in H :=
  unfold norm2, minus in H;
  repeat rewrite ?inner_plus, ?inner_plus_r, ?inner_times, ?inner_times_r, ?inner_zero, ?inner_zero_r in H.
