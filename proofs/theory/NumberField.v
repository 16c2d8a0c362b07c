(* Number fields of any degree: the ring Z[alpha], for a real root alpha of a monic integral polynomial.

   alpha^w = r_0 + r_1 alpha + .. + r_(w-1) alpha^(w-1), and low / 2^s <= alpha <= high / 2^s. An element is a list of integers, the
   coefficients of powers of alpha. Signs and absolute values are decided by Horner's rule in interval arithmetic with s binary
   places. Computations do not refer to alpha; whatever they prove holds for every root in the interval. *)
From Coq Require Import Reals ZArith List Lra Psatz Bool Lia.
From Pep Require Import Ring.
Import ListNotations.
Open Scope Z_scope.

Section Computation.
Variables (r : list Z) (low high : Z) (s : positive).

Fixpoint nadd (a b : list Z) : list Z := match a, b with
  | [], _ => b
  | _, [] => a
  | x :: a', y :: b' => (x + y) :: nadd a' b'
  end.
Definition nscale (c : Z) (a : list Z) : list Z := match c with Z0 => [] | _ => map (Z.mul c) a end.
(* alpha times a, of degree below w again if a is *)
Definition nshift (a : list Z) : list Z := match skipn (length r) (0 :: a) with
  | [c] => nadd (firstn (length r) (0 :: a)) (nscale c r)
  | _ => 0 :: a
  end.
Fixpoint nmul (a b : list Z) : list Z := match a with
  | [] => []
  | [x] => nscale x b
  | x :: a' => nadd (nscale x b) (nshift (nmul a' b))
  end.
Definition nzero (a : list Z) : bool := forallb (Z.eqb 0) a.

(* u / 2^s <= a <= v / 2^s *)
Fixpoint enclosure (a : list Z) : Z * Z := match a with
  | [] => (0, 0)
  | x :: a' =>
    let '(u, v) := enclosure a' in
    let p := u * low in let q := u * high in let p' := v * low in let q' := v * high in
    let x' := Z.shiftl x (Z.pos s) in
    (x' + Z.shiftr (Z.min (Z.min p q) (Z.min p' q')) (Z.pos s),
     x' - Z.shiftr (- Z.max (Z.max p q) (Z.max p' q')) (Z.pos s))
  end.
Definition nnonnegative (a : list Z) : bool := 0 <=? fst (enclosure a).
Definition nbound (a : list Z) : list Z :=
  let '(u, v) := enclosure a in [- Z.shiftr (- Z.max (- u) v) (Z.pos s)].

Definition number_field : ring :=
  Ring (list Z) [] [1] nadd nmul (map Z.opp) nzero nnonnegative nbound (fun z => [z]) (length r) (fun l => l).
End Computation.

Open Scope R_scope.
Section Meaning.
Variables (r : list Z) (low high : Z) (s : positive) (alpha : R).

Fixpoint nvalue (a : list Z) : R := match a with
  | [] => 0
  | x :: a' => IZR x + alpha * nvalue a'
  end.

Hypothesis interval : IZR low / 2 ^ Pos.to_nat s <= alpha <= IZR high / 2 ^ Pos.to_nat s.
Hypothesis root : alpha ^ length r = nvalue r.

Lemma nadd_ok : forall a b, nvalue (nadd a b) = nvalue a + nvalue b.
Proof.
  induction a as [|x a IH]; intros [|y b]; simpl; try ring. rewrite IH, plus_IZR. ring.
Qed.

Lemma nscale_ok : forall c a, nvalue (nscale c a) = IZR c * nvalue a.
Proof.
  intros c a. assert (nvalue (map (Z.mul c) a) = IZR c * nvalue a) as M.
  { induction a as [|x a IH]; simpl; [ring|]. rewrite IH, mult_IZR. ring. }
  destruct c; [simpl; ring|exact M|exact M].
Qed.

Lemma nsplit : forall n a, nvalue a = nvalue (firstn n a) + alpha ^ (length (firstn n a)) * nvalue (skipn n a).
Proof.
  induction n as [|n IH]; intro a; [simpl; ring|]. destruct a as [|x a]; [simpl; ring|].
  simpl. rewrite (IH a) at 1. ring.
Qed.

Lemma nshift_ok : forall a, nvalue (nshift r a) = alpha * nvalue a.
Proof.
  intro a. unfold nshift. assert (nvalue (0%Z :: a) = alpha * nvalue a) as Z0 by (simpl; ring).
  destruct (skipn (length r) (0%Z :: a)) as [|c [|c' l]] eqn:Es; [exact Z0| |exact Z0].
  rewrite <- Z0, (nsplit (length r) (0%Z :: a)), Es, nadd_ok, nscale_ok.
  assert (length (firstn (length r) (0%Z :: a)) = length r) as ->.
  { rewrite firstn_length. apply Nat.min_l. pose proof (skipn_length (length r) (0%Z :: a)) as Sl. rewrite Es in Sl.
    simpl length in *. lia. }
  rewrite root. simpl. ring.
Qed.

Lemma nmul_ok : forall a b, nvalue (nmul r a b) = nvalue a * nvalue b.
Proof.
  induction a as [|x a IH]; intro b; [simpl; ring|]. destruct a as [|y a].
  - simpl. rewrite nscale_ok. ring.
  - change (nmul r (x :: y :: a) b) with (nadd (nscale x b) (nshift r (nmul r (y :: a) b))).
    rewrite nadd_ok, nscale_ok, nshift_ok, IH. simpl. ring.
Qed.

Let T := 2 ^ Pos.to_nat s.
Lemma T_pos : 0 < T.
Proof. apply pow_lt. lra. Qed.
Lemma T_integer : T = IZR (2 ^ Z.pos s).
Proof. unfold T. rewrite <- (positive_nat_Z s), <- pow_IZR. reflexivity. Qed.

Lemma shiftr_below : forall z, IZR (Z.shiftr z (Z.pos s)) * T <= IZR z.
Proof.
  intro z. rewrite T_integer, <- mult_IZR. apply IZR_le. rewrite Z.shiftr_div_pow2 by lia.
  rewrite Z.mul_comm. apply Z.mul_div_le. apply Z.pow_pos_nonneg; lia.
Qed.

(* x in [u, v] and y in [a, b]: their product is between the least and the largest product of ends *)
Lemma product_between : forall u v a b x y : R, u <= x <= v -> a <= y <= b -> forall m M,
  m <= u * a -> m <= u * b -> m <= v * a -> m <= v * b -> u * a <= M -> u * b <= M -> v * a <= M -> v * b <= M ->
  m <= x * y <= M.
Proof.
  intros u v a b x y Hx Hy m M H1 H2 H3 H4 H5 H6 H7 H8.
  assert (forall k, m <= u * k -> m <= v * k -> u * k <= M -> v * k <= M -> m <= x * k <= M) as X.
  { intros k K1 K2 K3 K4. destruct (Rle_dec 0 k); split; nra. }
  pose proof (X a H1 H3 H5 H7) as Xa. pose proof (X b H2 H4 H6 H8) as Xb.
  destruct (Rle_dec 0 x); split; nra.
Qed.

Lemma enclosure_ok : forall a,
  IZR (fst (enclosure low high s a)) <= T * nvalue a <= IZR (snd (enclosure low high s a)).
Proof.
  pose proof T_pos as TP. fold T in interval.
  assert (IZR low <= T * alpha <= IZR high) as A.
  { destruct interval as [A1 A2]. split.
    - apply (Rmult_le_compat_l T) in A1; [|lra]. replace (T * (IZR low / T)) with (IZR low) in A1 by (field; lra). exact A1.
    - apply (Rmult_le_compat_l T) in A2; [|lra]. replace (T * (IZR high / T)) with (IZR high) in A2 by (field; lra). exact A2. }
  induction a as [|x a IH]; [simpl; lra|]. cbn [enclosure nvalue].
  destruct (enclosure low high s a) as [u v]. cbn [fst snd] in *.
  set (m := Z.min _ _). set (M := Z.max _ _).
  assert (IZR m <= (T * nvalue a) * (T * alpha) <= IZR M) as P.
  { apply (product_between (IZR u) (IZR v) (IZR low) (IZR high)); try assumption;
      rewrite <- mult_IZR; apply IZR_le; unfold m, M; lia. }
  pose proof (shiftr_below m) as B1. pose proof (shiftr_below (- M)%Z) as B2. rewrite opp_IZR in B2.
  rewrite plus_IZR, minus_IZR, Z.shiftl_mul_pow2, mult_IZR, <- T_integer by lia.
  set (y := T * nvalue a) in *. replace (T * (IZR x + alpha * nvalue a)) with (IZR x * T + y * alpha) by (unfold y; ring).
  set (p := IZR (Z.shiftr m _)) in *. set (q := IZR (Z.shiftr (- M) _)) in *.
  assert (p <= y * alpha <= - q).
  { split; apply Rmult_le_reg_r with T; try exact TP; lra. }
  lra.
Qed.

Definition number_field_real : realisation (number_field r low high s).
Proof.
  refine (Realisation (number_field r low high s) nvalue _ _ nadd_ok nmul_ok _ _ _ _ _); simpl.
  - reflexivity.
  - ring.
  - induction a as [|x a IH]; simpl; [ring|]. rewrite IH, opp_IZR. ring.
  - intro z. ring.
  - induction a as [|x a IH]; intro H; [reflexivity|]. unfold nzero in H. cbn [forallb] in H.
    apply andb_true_iff in H. destruct H as [H1 H2]. cbn [nvalue]. apply Z.eqb_eq in H1. rewrite IH by exact H2. subst x. ring.
  - intros a H. unfold nnonnegative in H. apply Z.leb_le in H. apply IZR_le in H. pose proof (enclosure_ok a) as [B _]. pose proof T_pos as TP.
    apply Rmult_le_reg_l with T; [exact TP|]. lra.
  - intro a. pose proof (enclosure_ok a) as B. unfold nbound. destruct (enclosure low high s a) as [u v].
    cbn [fst snd] in B. simpl. rewrite Rmult_0_r, Rplus_0_r, opp_IZR.
    pose proof (shiftr_below (- Z.max (- u) v)%Z) as S. rewrite opp_IZR in S. pose proof T_pos as TP.
    assert (- IZR u <= IZR (Z.max (- u) v)) by (rewrite <- opp_IZR; apply IZR_le; lia).
    assert (IZR v <= IZR (Z.max (- u) v)) by (apply IZR_le; lia).
    apply Rmult_le_reg_r with T; [exact TP|]. apply Rabs_le in B || idtac.
    assert (Rabs (nvalue a) * T = Rabs (T * nvalue a)) as ->.
    { rewrite Rabs_mult, (Rabs_pos_eq T) by lra. ring. }
    apply Rabs_le. lra.
Defined.
End Meaning.

(* A root exists where the polynomial alpha^w - (r_0 + r_1 alpha + ..) changes its sign. *)
Section Existence.
Variables (r : list Z) (low high : Z) (s : positive).

(* T^n times the value of a list of length n at x / T, and T^n, for T = 2^s *)
Fixpoint scaled_value (x : Z) (a : list Z) : Z * Z := match a with
  | [] => (0, 1)%Z
  | c :: a' => let '(v, t) := scaled_value x a' in
    let t' := Z.shiftl t (Z.pos s) in (c * t' + x * v, t')%Z
  end.
Definition sign_at (x : Z) : Z := (x ^ Z.of_nat (length r) - fst (scaled_value x r))%Z.
Definition changes_sign : bool :=
  ((low <=? high) && ((sign_at low <=? 0) && (0 <=? sign_at high) || (0 <=? sign_at low) && (sign_at high <=? 0)))%Z.

Let T := 2 ^ Pos.to_nat s.

Lemma scaled_value_ok : forall x a,
  IZR (snd (scaled_value x a)) = T ^ length a /\ IZR (fst (scaled_value x a)) = T ^ length a * nvalue (IZR x / T) a.
Proof.
  intros x a. pose proof (T_pos s) as TP. fold T in TP. induction a as [|c a [IH1 IH2]]; [simpl; split; ring|].
  cbn [scaled_value length nvalue]. destruct (scaled_value x a) as [v t]. cbn [fst snd] in *.
  rewrite plus_IZR, !mult_IZR, !Z.shiftl_mul_pow2, mult_IZR, <- T_integer by lia. fold T. rewrite IH1, IH2. simpl. split; [ring|].
  field. lra.
Qed.

Lemma sign_at_ok : forall x, IZR (sign_at x) = T ^ length r * ((IZR x / T) ^ length r - nvalue (IZR x / T) r).
Proof.
  intro x. pose proof (T_pos s) as TP. fold T in TP. unfold sign_at. rewrite minus_IZR, <- pow_IZR.
  destruct (scaled_value_ok x r) as [_ ->]. rewrite Rmult_minus_distr_l. f_equal.
  rewrite <- Rpow_mult_distr. f_equal. field. lra.
Qed.

Lemma continuous_value : forall a, continuity (fun x => nvalue x a).
Proof.
  induction a as [|c a IH]; simpl.
  - apply continuity_const. intros x y. reflexivity.
  - apply (continuity_plus (fun _ => IZR c) (fun x => x * nvalue x a)).
    + apply continuity_const. intros x y. reflexivity.
    + apply (continuity_mult (fun x => x)); [apply derivable_continuous, derivable_id|exact IH].
Qed.

Theorem root_in_interval : changes_sign = true ->
  exists alpha : R, IZR low / 2 ^ Pos.to_nat s <= alpha <= IZR high / 2 ^ Pos.to_nat s /\ alpha ^ length r = nvalue alpha r.
Proof.
  intro H. pose proof (T_pos s) as TP. fold T in TP |- *. unfold changes_sign in H. apply andb_true_iff in H. destruct H as [H1 H2].
  apply Z.leb_le in H1. apply IZR_le in H1.
  assert (0 < T ^ length r) as TW by (apply pow_lt; exact TP).
  set (p := fun x => x ^ length r - nvalue x r).
  assert (p (IZR low / T) * p (IZR high / T) <= 0) as Hp.
  { pose proof (sign_at_ok low) as E1. pose proof (sign_at_ok high) as E2.
    fold (p (IZR low / T)) in E1. fold (p (IZR high / T)) in E2.
    apply orb_true_iff in H2. destruct H2 as [H2|H2]; apply andb_true_iff in H2; destruct H2 as [A B];
      apply Z.leb_le in A, B; apply IZR_le in A, B; rewrite E1 in *; rewrite E2 in *.
    - assert (p (IZR low / T) <= 0) by nra. assert (0 <= p (IZR high / T)) by nra. nra.
    - assert (0 <= p (IZR low / T)) by nra. assert (p (IZR high / T) <= 0) by nra. nra. }
  destruct (IVT_cor p (IZR low / T) (IZR high / T)) as [z [Hz Hr]].
  - apply (continuity_minus (fun x => x ^ length r) (fun x => nvalue x r)); [|apply continuous_value].
    apply derivable_continuous. apply derivable_pow.
  - apply Rmult_le_compat_r; [left; apply Rinv_0_lt_compat; exact TP|exact H1].
  - exact Hp.
  - exists z. split; [exact Hz|]. unfold p in Hr. lra.
Qed.
End Existence.
