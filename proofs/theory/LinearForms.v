(* Linear forms: linear combinations of vectors b_0, b_1, .., as lists of coefficients. Missing coefficients are zero. *)
From Coq Require Import Reals Lra List Bool Arith Lia.
From Pep Require Import Space Ring.
Import ListNotations.
Open Scope R_scope.

Section Computation.
Variable K : ring.
Notation linear := (list K).

Fixpoint ladd (a b : linear) : linear := match a, b with
  | [], _ => b
  | _, [] => a
  | x :: a', y :: b' => cadd K x y :: ladd a' b'
  end.
Definition lscale (c : K) (a : linear) : linear := map (cmul K c) a.
Definition lneg (a : linear) : linear := map (copp K) a.
Definition lsub (a b : linear) : linear := ladd a (lneg b).
Definition lunit (i : nat) (c : K) : linear := repeat (c0 K) i ++ [c].

(* sum of a_i z_i *)
Fixpoint ldot (a z : linear) : K := match a, z with
  | x :: a', y :: z' => if is_zero K x then ldot a' z' else cadd K (cmul K x y) (ldot a' z')
  | _, _ => c0 K
  end.
Fixpoint lset (i : nat) (c : K) (a : linear) : linear := match i with
  | O => c :: tl a
  | S i' => hd (c0 K) a :: lset i' c (tl a)
  end.
Fixpoint ladd_at (i : nat) (c : K) (a : linear) : linear := match i with
  | O => cadd K (hd (c0 K) a) c :: tl a
  | S i' => hd (c0 K) a :: ladd_at i' c (tl a)
  end.

(* The form a in the basis with b_p / z_p in the place of b_p, and b_a - z_a b_p / z_p in that of every other b_a. *)
Definition shear (kernel_vector : nat * linear) (a : linear) : linear :=
  let '(p, z) := kernel_vector in lset p (ldot a z) a.
End Computation.

Section Meaning.
Context {K : ring} (E : realisation K) {V : inner_space}.
Notation linear := (list K).
Notation val := (value E).

Fixpoint eval (a : linear) (bs : list V) : V := match a, bs with
  | c :: a', b :: bs' => (val c * b + eval a' bs')%V
  | _, _ => zero
  end.

Lemma eval_nil : forall a, eval a [] = zero.
Proof. destruct a; reflexivity. Qed.

Lemma eval_add : forall a b bs z, inner (eval (ladd K a b) bs) z = inner (eval a bs) z + inner (eval b bs) z.
Proof.
  induction a as [|x a IH]; intros b bs z; [simpl; expand_inner; ring|].
  destruct b as [|y b]; [simpl ladd; simpl (eval [] bs); expand_inner; ring|].
  destruct bs as [|u bs]; [rewrite !eval_nil; expand_inner; ring|].
  simpl. expand_inner. rewrite IH, value_add. ring.
Qed.

Lemma eval_scale : forall c a bs z, inner (eval (lscale K c a) bs) z = val c * inner (eval a bs) z.
Proof.
  induction a as [|x a IH]; intros bs z; [simpl; expand_inner; ring|].
  destruct bs as [|u bs]; [rewrite !eval_nil; expand_inner; ring|]. simpl. expand_inner.
  change (map _ a) with (lscale K c a). rewrite IH, value_mul. ring.
Qed.

Lemma eval_neg : forall a bs z, inner (eval (lneg K a) bs) z = - inner (eval a bs) z.
Proof.
  induction a as [|x a IH]; intros bs z; [simpl; expand_inner; ring|].
  destruct bs as [|u bs]; [rewrite !eval_nil; expand_inner; ring|]. simpl. expand_inner.
  change (map _ a) with (lneg K a). rewrite IH, value_opp. ring.
Qed.

Lemma eval_sub : forall a b bs z, inner (eval (lsub K a b) bs) z = inner (eval a bs) z - inner (eval b bs) z.
Proof. intros. unfold lsub. rewrite eval_add, eval_neg. ring. Qed.

Lemma eval_unit : forall i c bs z, inner (eval (lunit K i c) bs) z = val c * inner (nth i bs zero) z.
Proof.
  induction i as [|i IH]; intros c bs z; (destruct bs as [|u bs]; [simpl; expand_inner; ring|]); simpl.
  - expand_inner. ring.
  - expand_inner. rewrite value_0. change (repeat _ i ++ [c]) with (lunit K i c). rewrite IH. ring.
Qed.

Lemma eval_head_tail : forall a b bs z,
  inner (eval a (b :: bs)) z = val (hd (c0 K) a) * inner b z + inner (eval (tl a) bs) z.
Proof. destruct a; intros; simpl; expand_inner; [rewrite value_0; ring|ring]. Qed.

Lemma eval_set : forall i c a bs z, (i < length bs)%nat ->
  inner (eval (lset K i c a) bs) z
  = inner (eval a bs) z + (val c - val (nth i a (c0 K))) * inner (nth i bs zero) z.
Proof.
  induction i as [|i IH]; intros c a bs z L; (destruct bs as [|b bs]; [simpl in L; lia|]);
    rewrite (eval_head_tail a); simpl; expand_inner.
  - destruct a; simpl; ring.
  - rewrite IH by (simpl in L; lia). destruct a as [|x a]; simpl; [destruct i; simpl; ring|ring].
Qed.

(* The new basis. *)
Definition sheared (kernel_vector : nat * linear) (bs : list V) : list V :=
  let '(p, z) := kernel_vector in
  let c := (/ val (nth p z (c0 K)) * nth p bs zero)%V in
  map (fun i => if (i =? p)%nat then c else (nth i bs zero - val (nth i z (c0 K)) * c)%V) (seq 0 (length bs)).

Lemma sheared_length : forall k bs, length (sheared k bs) = length bs.
Proof. intros [p z] bs. unfold sheared. rewrite map_length, seq_length. reflexivity. Qed.

Lemma eval_sheared_aux : forall a zs bs c z,
  inner (eval a (map (fun i => (nth i bs zero - val (nth i zs (c0 K)) * c)%V) (seq 0 (length bs)))) z
  = inner (eval a bs) z - val (ldot K (firstn (length bs) a) zs) * inner c z.
Proof.
  induction a as [|x a IH]; intros zs bs c z; [simpl; rewrite firstn_nil; simpl; expand_inner; rewrite value_0; ring|].
  destruct bs as [|b bs]; [simpl; expand_inner; rewrite value_0; ring|].
  cbn [length seq map eval firstn]. rewrite <- seq_shift, map_map.
  destruct zs as [|y zs].
  - cbn [nth ldot]. rewrite !inner_plus, !inner_times.
    assert (forall l, map (fun i => (nth i bs zero - val (c0 K) * c)%V) l
                      = map (fun i => (nth i bs zero - val (nth i [] (c0 K)) * c)%V) l) as Em
      by (intro; apply map_ext; intros [|i]; reflexivity).
    rewrite Em.
    rewrite IH. assert (ldot K (firstn (length bs) a) [] = c0 K) as -> by (destruct (firstn _ a); reflexivity).
    rewrite value_0. unfold minus. expand_inner. ring.
  - cbn [nth ldot]. rewrite !inner_plus, !inner_times, IH.
    destruct (is_zero K x) eqn:Ex.
    + rewrite (is_zero_ok E x Ex). ring.
    + rewrite value_add, value_mul. unfold minus. expand_inner. ring.
Qed.

Lemma ldot_firstn : forall n a z, (length a <= n)%nat -> ldot K (firstn n a) z = ldot K a z.
Proof. intros. rewrite firstn_all2 by lia. reflexivity. Qed.

Lemma eval_at : forall bs bs' p a z, (p < length bs)%nat -> length bs' = length bs ->
  (forall i, (i < length bs)%nat -> i <> p -> nth i bs' zero = nth i bs zero) ->
  inner (eval a bs') z = inner (eval a bs) z + val (nth p a (c0 K)) * inner (nth p bs' zero - nth p bs zero) z.
Proof.
  induction bs as [|b bs IH]; intros bs' p a z L Len H; [simpl in L; lia|].
  destruct bs' as [|b' bs']; [discriminate|]. rewrite (eval_head_tail a b'), (eval_head_tail a b).
  destruct p as [|p]; simpl nth.
  - assert (bs' = bs) as ->.
    { apply nth_ext with zero zero; [simpl in Len; lia|]. intros i Li. apply (H (S i)); simpl in *; lia. }
    assert (nth 0 a (c0 K) = hd (c0 K) a) as -> by (destruct a; reflexivity).
    rewrite inner_minus. ring.
  - assert (b' = b) as -> by (apply (H O); simpl; lia).
    rewrite (IH bs' p (tl a)); [|simpl in L; lia|simpl in Len; lia|].
    + assert (nth p (tl a) (c0 K) = nth (S p) a (c0 K)) as -> by (destruct a; [destruct p; reflexivity|reflexivity]). ring.
    + intros i Li N. apply (H (S i)); simpl; lia.
Qed.

Lemma eval_shear : forall k a bs z, (fst k < length bs)%nat -> (length a <= length bs)%nat ->
  val (nth (fst k) (snd k) (c0 K)) <> 0 ->
  inner (eval (shear K k a) (sheared k bs)) z = inner (eval a bs) z.
Proof.
  intros [p zs] a bs z L La N. cbn [fst snd] in *. unfold shear.
  set (c := (/ val (nth p zs (c0 K)) * nth p bs zero)%V).
  rewrite eval_set by (rewrite sheared_length; exact L).
  set (all := map (fun i => (nth i bs zero - val (nth i zs (c0 K)) * c)%V) (seq 0 (length bs))).
  assert (forall i d, (i < length bs)%nat ->
    nth i (sheared (p, zs) bs) d = if (i =? p)%nat then c else (nth i bs zero - val (nth i zs (c0 K)) * c)%V) as N1.
  { intros i d Li. unfold sheared. fold c.
    rewrite (nth_indep _ d ((fun i => if (i =? p)%nat then c else (nth i bs zero - val (nth i zs (c0 K)) * c)%V) O))
      by (rewrite map_length, seq_length; exact Li).
    rewrite (map_nth (fun i => if (i =? p)%nat then c else (nth i bs zero - val (nth i zs (c0 K)) * c)%V)).
    rewrite seq_nth by exact Li. reflexivity. }
  assert (forall i d, (i < length bs)%nat -> nth i all d = (nth i bs zero - val (nth i zs (c0 K)) * c)%V) as N2.
  { intros i d Li. unfold all.
    rewrite (nth_indep _ d ((fun i => (nth i bs zero - val (nth i zs (c0 K)) * c)%V) O))
      by (rewrite map_length, seq_length; exact Li).
    rewrite (map_nth (fun i => (nth i bs zero - val (nth i zs (c0 K)) * c)%V)). rewrite seq_nth by exact Li. reflexivity. }
  assert (length all = length bs) as Lall by (unfold all; rewrite map_length, seq_length; reflexivity).
  rewrite (eval_at all (sheared (p, zs) bs) p); [|lia|rewrite sheared_length; lia|].
  2: { intros i Li Ne. rewrite Lall in Li. rewrite N1, N2 by exact Li. apply Nat.eqb_neq in Ne. rewrite Ne. reflexivity. }
  unfold all at 1. rewrite eval_sheared_aux. fold all. rewrite ldot_firstn by exact La.
  rewrite N1, N2 by exact L. rewrite Nat.eqb_refl. unfold minus. rewrite !inner_plus, !inner_times, inner_plus, !inner_times.
  assert (inner (nth p bs zero) z = val (nth p zs (c0 K)) * inner c z) as ->.
  { unfold c. rewrite inner_times. field. exact N. }
  ring.
Qed.

(* Coefficients of scalars. *)
Fixpoint eval_scalars (a : linear) (fs : list R) : R := match a, fs with
  | c :: a', f :: fs' => val c * f + eval_scalars a' fs'
  | _, _ => 0
  end.

Lemma eval_scalars_head_tail : forall a f fs,
  eval_scalars a (f :: fs) = val (hd (c0 K) a) * f + eval_scalars (tl a) fs.
Proof. destruct a; intros; simpl; [rewrite value_0; ring|reflexivity]. Qed.

Lemma eval_scalars_add_at : forall i c a fs,
  eval_scalars (ladd_at K i c a) fs = eval_scalars a fs + val c * nth i fs 0.
Proof.
  induction i as [|i IH]; intros c a fs; (destruct fs as [|f fs]; [simpl; destruct a; simpl; ring|]);
    rewrite (eval_scalars_head_tail a); simpl; [rewrite value_add; ring|rewrite IH; ring].
Qed.

Lemma eval_scalars_zero : forall a fs, forallb (is_zero K) a = true -> eval_scalars a fs = 0.
Proof.
  induction a as [|c a IH]; intros fs H; [reflexivity|]. simpl in H. apply andb_true_iff in H. destruct H as [H1 H2].
  destruct fs; simpl; [reflexivity|]. rewrite (is_zero_ok E c H1), IH by auto. ring.
Qed.
End Meaning.
